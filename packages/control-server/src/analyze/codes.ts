export type Severity = 'error' | 'warning' | 'info'

/** What a code stands for. */
export interface CodeInfo {
  /** `error`: refused, or does not do what it says. `warning`: most likely not meant. `info`: good to know. */
  readonly severity: Severity
  readonly meaning: string
  readonly remedy: string
}

export type Code =
  | 'WEFT0101'
  | 'WEFT0102'
  | 'WEFT0103'
  | 'WEFT0104'
  | 'WEFT0105'
  | 'WEFT0106'
  | 'WEFT0107'
  | 'WEFT0201'
  | 'WEFT0202'
  | 'WEFT0203'
  | 'WEFT0204'
  | 'WEFT0205'
  | 'WEFT0206'
  | 'WEFT0207'
  | 'WEFT0301'
  | 'WEFT0302'
  | 'WEFT0303'
  | 'WEFT0304'
  | 'WEFT0305'
  | 'WEFT0306'
  | 'WEFT0307'
  | 'WEFT0308'
  | 'WEFT0401'
  | 'WEFT0402'
  | 'WEFT0403'
  | 'WEFT0404'
  | 'WEFT0405'
  | 'WEFT0406'
  | 'WEFT0407'
  | 'WEFT0408'
  | 'WEFT0409'
  | 'WEFT0501'
  | 'WEFT0502'
  | 'WEFT0503'
  | 'WEFT0504'
  | 'WEFT0505'
  | 'WEFT0506'
  | 'WEFT0507'
  | 'WEFT0508'
  | 'WEFT0509'
  | 'WEFT0510'
  | 'WEFT0511'
  | 'WEFT0601'
  | 'WEFT0602'
  | 'WEFT0603'
  | 'WEFT0604'
  | 'WEFT0605'
  | 'WEFT0606'
  | 'WEFT0607'
  | 'WEFT0608'
  | 'WEFT0609'

/** Every code, which never changes its meaning; docs/analyze.md lists them. */
export const CODES: Readonly<Record<Code, CodeInfo>> = {
  WEFT0101: {
    severity: 'error',
    meaning: 'The resource is not valid: `apply` refuses it.',
    remedy: 'Change the field as the message says.',
  },
  WEFT0102: {
    severity: 'warning',
    meaning: 'The resource is valid, and a part of it is most likely not meant.',
    remedy: 'Change the field as the message says, or leave it as it is where it is meant.',
  },
  WEFT0103: {
    severity: 'info',
    meaning: 'A resource of a kind that is not of the mesh; it is not looked at.',
    remedy: 'Nothing; `apply` leaves it out with `--skip-unknown`.',
  },
  WEFT0104: {
    severity: 'warning',
    meaning: 'A deprecated field.',
    remedy: 'Write the field that the message names.',
  },
  WEFT0105: {
    severity: 'warning',
    meaning: 'A field that is accepted and that nothing acts on yet.',
    remedy: 'Do not count on it; docs/control-server.md lists these fields.',
  },
  WEFT0106: {
    severity: 'info',
    meaning: "A field that only has an effect in a cluster's proxy.",
    remedy: 'Nothing, where the resource is shared with a cluster; else leave it out.',
  },
  WEFT0107: {
    severity: 'warning',
    meaning: 'The same resource is given more than once; the last one counts.',
    remedy: 'Keep one of them, or give them different names.',
  },
  WEFT0201: {
    severity: 'warning',
    meaning:
      'A host that no service has. Only `info` where files are judged without a server, as workloads may register for it.',
    remedy: 'Correct the host, or add the Service, the ServiceEntry or the workload.',
  },
  WEFT0202: {
    severity: 'warning',
    meaning: 'A subset that no DestinationRule gives the host: calls that are routed to it answer 503.',
    remedy: 'Correct the name, or add the subset to the DestinationRule of the host.',
  },
  WEFT0203: {
    severity: 'warning',
    meaning: 'A port that the Service or ServiceEntry does not have: calls that are routed to it answer 503.',
    remedy: 'Write the number of one of its ports, or leave it out where there is one port.',
  },
  WEFT0204: {
    severity: 'warning',
    meaning:
      'A route delegates to a VirtualService that is not there, or not exported to its namespace: the route has no effect.',
    remedy: 'Correct the name and namespace, add the VirtualService without hosts, or export it.',
  },
  WEFT0205: {
    severity: 'error',
    meaning: 'A route delegates to a VirtualService with hosts, perhaps back to itself: the route has no effect.',
    remedy: 'Take hosts and gateways from the VirtualService that is delegated to; it cannot delegate further.',
  },
  WEFT0206: {
    severity: 'info',
    meaning: 'A VirtualService without hosts that nothing delegates to.',
    remedy: 'Give it hosts, delegate to it, or delete it.',
  },
  WEFT0207: {
    severity: 'error',
    meaning: 'Routes that come to more than 20,000 matches by delegation: those above have no effect.',
    remedy: 'Give the delegating routes fewer matches, or the delegate.',
  },
  WEFT0301: {
    severity: 'warning',
    meaning: 'A route, match or rule that is never used, as one before it takes what it would.',
    remedy: 'Put the more specific one first, or delete it.',
  },
  WEFT0302: {
    severity: 'error',
    meaning:
      'Several VirtualServices rule one host for the same clients: one of them holds whole, what is private to a namespace before what is public, then the oldest.',
    remedy: 'Put the routes into one of them, delegate, or keep them apart by exportTo.',
  },
  WEFT0303: {
    severity: 'info',
    meaning: 'The wildcard of a VirtualService covers a host that another one names: the more specific one holds.',
    remedy: 'Nothing, where that is meant; rules of the wildcard are not added.',
  },
  WEFT0304: {
    severity: 'warning',
    meaning: 'A route of Gateway API and a VirtualService rule one host: only one of them holds.',
    remedy: 'Keep one of the two; docs/control-server.md says which one goes first.',
  },
  WEFT0305: {
    severity: 'warning',
    meaning:
      'Several DestinationRules of one namespace for one host: subsets are put together, the oldest trafficPolicy holds.',
    remedy: 'Put them into one.',
  },
  WEFT0306: {
    severity: 'info',
    meaning: 'The weights of a route do not sum to 100: they are shares of their sum, not percentages.',
    remedy: 'Nothing, where that is meant; else make them sum to 100.',
  },
  WEFT0307: {
    severity: 'warning',
    meaning:
      'One host is defined more than once: a Service goes before ServiceEntries, and the oldest of these before the others.',
    remedy: 'Keep one definition, or keep them apart by exportTo.',
  },
  WEFT0308: {
    severity: 'warning',
    meaning:
      'Routes of several kinds attach to one port of a Service: a GRPCRoute rules before an HTTPRoute, this before a TLSRoute, this before a TCPRoute, alone.',
    remedy: 'Keep one kind, or give each route the ports that it is for by port or sectionName.',
  },
  WEFT0401: {
    severity: 'warning',
    meaning: 'Every request is answered with an error: by a fault that aborts all of them, or by the only route.',
    remedy: 'Give the route a match, lower the percentage, or take it away after the test.',
  },
  WEFT0402: {
    severity: 'info',
    meaning: 'A fault without percentage, which injects nothing.',
    remedy: 'Give percentage.value.',
  },
  WEFT0403: {
    severity: 'warning',
    meaning: 'Outlier detection may eject every endpoint, and nothing lets calls through then.',
    remedy: 'Lower maxEjectionPercent, or give minHealthPercent or the panicThreshold of a LoadBalancer.',
  },
  WEFT0404: {
    severity: 'warning',
    meaning: 'Outlier detection that never takes an endpoint out of use.',
    remedy: 'Lower minHealthPercent, or raise maxEjectionPercent above 0 by leaving it out.',
  },
  WEFT0405: {
    severity: 'warning',
    meaning: 'A limit of 0, which stands for no limit, not for none.',
    remedy: 'Write 1 or more for a limit, or leave it out.',
  },
  WEFT0406: {
    severity: 'info',
    meaning:
      'A Sidecar with REGISTRY_ONLY leaves out a host of a VirtualService of its namespace: calls to it are refused there.',
    remedy:
      'Nothing, where the VirtualService is for clients elsewhere; else add the host to an egress listener of the Sidecar.',
  },
  WEFT0407: {
    severity: 'info',
    meaning: 'A perTryTimeout that is not below the timeout of its route: the first attempt uses up the time of all.',
    remedy: 'Lower perTryTimeout or raise timeout.',
  },
  WEFT0408: {
    severity: 'warning',
    meaning:
      'A LoadBalancer with RING_HASH or MAGLEV, and no consistentHash that says what is hashed: endpoints are drawn at random.',
    remedy: 'Add consistentHash to the DestinationRule of the host.',
  },
  WEFT0409: {
    severity: 'warning',
    meaning: 'A Sidecar with REGISTRY_ONLY that leaves no host: every call of the clients that it selects is refused.',
    remedy: 'Name the hosts that are called in an egress listener.',
  },
  WEFT0501: {
    severity: 'info',
    meaning: 'An AuthorizationPolicy that allows and has no rules: what no other ALLOW policy allows is denied.',
    remedy: 'Nothing, where everything is to be denied that is not allowed elsewhere; else give it rules.',
  },
  WEFT0502: {
    severity: 'warning',
    meaning: 'An AuthorizationPolicy that denies every request to its workloads.',
    remedy: 'Say in the rule which requests it is for.',
  },
  WEFT0503: {
    severity: 'warning',
    meaning:
      'A rule about requests, for workloads with ports that carry none: connections to these are denied, as a rule that allows is left out there and one that denies is widened.',
    remedy: 'Name the ports that the rule is for, and give the others a rule without fields of requests.',
  },
  WEFT0504: {
    severity: 'warning',
    meaning: 'A selector that no registered workload fits; it may come later.',
    remedy: 'Correct the labels, or delete the policy.',
  },
  WEFT0505: {
    severity: 'error',
    meaning: 'A DestinationRule calls in a way that the PeerAuthentication of the host refuses.',
    remedy:
      'Take `tls` out of the DestinationRule, so that each endpoint is called as it takes it, or change the mode.',
  },
  WEFT0506: {
    severity: 'warning',
    meaning:
      'portLevelMtls for a port that no selected workload has: it is by the port of the workload, not of the service.',
    remedy: 'Write the port of the workload.',
  },
  WEFT0507: {
    severity: 'warning',
    meaning: 'Several PeerAuthentications without a selector in one namespace: the oldest alone holds.',
    remedy: 'Keep one of them.',
  },
  WEFT0508: {
    severity: 'warning',
    meaning:
      'A RequestAuthentication, and no AuthorizationPolicy that looks at tokens: requests without a token pass. Only `info` without a server.',
    remedy: 'Deny what has `notRequestPrincipals: ["*"]` by an AuthorizationPolicy, where tokens are to be demanded.',
  },
  WEFT0509: {
    severity: 'error',
    meaning:
      'A CUSTOM policy whose provider the MeshConfig does not have: what matches is denied. Only `info` without a server and a MeshConfig.',
    remedy: 'Correct the name, or add the provider to extensionProviders.',
  },
  WEFT0510: {
    severity: 'warning',
    meaning:
      'CUSTOM policies of one namespace ask different providers: for a workload that both select, what matches is denied.',
    remedy: 'Ask one provider, or keep the policies apart by their selectors.',
  },
  WEFT0511: {
    severity: 'warning',
    meaning: 'A namespace of callers that nothing is in.',
    remedy: 'Correct the name.',
  },
  WEFT0601: {
    severity: 'warning',
    meaning: 'A redirect or a fixed response for gRPC calls, whose clients know no answers of HTTP.',
    remedy: 'Route the calls to a destination, or abort them with fault.abort.grpcStatus.',
  },
  WEFT0602: {
    severity: 'warning',
    meaning: 'A rewrite of the path of gRPC calls, which is the service and the method that are called.',
    remedy: 'Take the rewrite away, unless the destination serves the method under the other name.',
  },
  WEFT0603: {
    severity: 'info',
    meaning:
      'gRPC calls that are aborted with a status of HTTP: the client gets the status of gRPC that it stands for.',
    remedy: 'Write grpcStatus, where a certain one is meant.',
  },
  WEFT0604: {
    severity: 'warning',
    meaning: 'gRPC calls that are hashed by a cookie or a query parameter, which they do not have.',
    remedy: 'Hash by httpHeaderName, a key of the metadata, or by useSourceIp.',
  },
  WEFT0605: {
    severity: 'warning',
    meaning: 'A match that no gRPC call meets: each is a POST to `/package.Service/Method` without a query.',
    remedy: 'Match the path, or headers, or write a GRPCRoute.',
  },
  WEFT0606: {
    severity: 'warning',
    meaning: 'Retries of gRPC calls by the status of HTTP, which is 200 whatever the status of gRPC.',
    remedy:
      'Name statuses of gRPC in retryOn of a VirtualService: unavailable, cancelled, deadline-exceeded, internal, resource-exhausted.',
  },
  WEFT0607: {
    severity: 'info',
    meaning:
      'A mirror of gRPC calls: of one that streams up to 1 MiB of requests are copied, until the time of the copy is over.',
    remedy: 'Nothing, where the calls are unary; else match those alone by their path.',
  },
  WEFT0608: {
    severity: 'warning',
    meaning: 'A change of a header by which the clients and servers of gRPC understand each other.',
    remedy: 'Take it away; keys of the metadata have other names.',
  },
  WEFT0609: {
    severity: 'warning',
    meaning:
      'A GRPCRoute of a port that does not say that it carries gRPC: on one without HTTP it has no effect. Only `info` where it says HTTP.',
    remedy: 'Name the port of the Service grpc, or grpc-something, or give it the appProtocol grpc.',
  },
}
