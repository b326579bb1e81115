import { type AcceptedField, type AcceptedFields, below, hasItems, usesOf } from './accepted-field.ts'
import { MESH_GATEWAY } from './mesh-gateway.ts'
import type { Note } from './note.ts'
import { isRecord, type JsonRecord } from './record.ts'
import { PROXY_MESH_CONFIG_FIELDS } from './schema/mesh-config.ts'

/*
 * The fields that are accepted and kept, as resources are shared with clusters, but that only a cluster's proxies can act
 * on: listeners and their sockets, gateways, networks between clusters, what Kubernetes' own proxy does. None of them will
 * come to have an effect in a client.
 */

const withoutMesh = (value: unknown): boolean => hasItems(value) && !value.includes(MESH_GATEWAY)

const MATCH: readonly AcceptedField[] = [
  { path: 'gateways', when: withoutMesh, consequence: 'without mesh among them the match has no effect' },
]

const VIRTUAL_SERVICE: readonly AcceptedField[] = [
  {
    path: 'gateways',
    when: withoutMesh,
    consequence: 'without mesh among them nothing of this resource has an effect',
  },
  {
    path: 'gateways',
    when: (value) => hasItems(value) && value.includes(MESH_GATEWAY) && value.length > 1,
    consequence: 'only mesh has an effect',
  },
  { path: 'http[].match[].statPrefix' },
  { path: 'tcp[].match[].sourceSubnet' },
  ...below('http[].match[]', MATCH),
  ...below('tls[].match[]', MATCH),
  ...below('tcp[].match[]', MATCH),
]

const KEEPALIVE: readonly AcceptedField[] = [
  { path: 'interval', consequence: 'Node sets only the time before the first probe' },
  { path: 'probes', consequence: 'Node sets only the time before the first probe' },
]

const PORT_POLICY: readonly AcceptedField[] = [
  {
    path: 'connectionPool.http.useClientProtocol',
    when: (value) => value === true,
    consequence: 'there is no connection before the client whose protocol could be kept',
  },
  ...below('connectionPool.tcp.tcpKeepalive', KEEPALIVE),
  { path: 'tls.credentialName', consequence: 'the client reads files: name them by caCertificates and its siblings' },
]

const TRAFFIC_POLICY: readonly AcceptedField[] = [
  ...PORT_POLICY,
  ...below('portLevelSettings[]', PORT_POLICY),
  { path: 'tunnel' },
  { path: 'proxyProtocol' },
]

const ENTRY: readonly AcceptedField[] = [
  { path: 'network', consequence: 'endpoints are connected to directly' },
  {
    path: 'address',
    when: (value) => typeof value === 'string' && value.startsWith('unix://'),
    consequence: 'the socket is one of another machine, so that this is no endpoint',
  },
]

const TARGETS: readonly AcceptedField[] = ['targetRef', 'targetRefs'].map((path) => ({
  path,
  when: (value) => !Array.isArray(value) || value.length > 0,
  consequence: 'what is attached to a gateway or a service is for no workload',
}))

const hasOthersThan =
  (...names: readonly string[]) =>
  (value: unknown): boolean =>
    isRecord(value) && Object.keys(value).some((name) => !names.includes(name))

const TABLE: AcceptedFields = {
  Service: [{ path: 'ports[].protocol', when: (value) => value !== 'TCP', consequence: 'the port is not served' }],
  VirtualService: VIRTUAL_SERVICE,
  DestinationRule: [...below('trafficPolicy', TRAFFIC_POLICY), ...below('subsets[].trafficPolicy', TRAFFIC_POLICY)],
  ServiceEntry: below('endpoints[]', ENTRY),
  WorkloadEntry: ENTRY,
  WorkloadGroup: below('template', ENTRY),
  Sidecar: [
    { path: 'ingress', when: hasItems, consequence: 'a workload serves the ports that it registers' },
    { path: 'inboundConnectionPool' },
    { path: 'egress[].bind' },
    { path: 'egress[].captureMode', when: (value) => value !== 'DEFAULT' },
    { path: 'outboundTrafficPolicy.egressProxy', consequence: 'unknown hosts are called directly' },
  ],
  XBackendTrafficPolicy: [
    { path: 'sessionPersistence', consequence: 'for sessions that stick, use consistentHash of a DestinationRule' },
  ],
  RequestAuthentication: TARGETS,
  AuthorizationPolicy: TARGETS,
  MeshConfig: [
    ...PROXY_MESH_CONFIG_FIELDS.map((path) => ({ path })),
    ...below('tcpKeepalive', KEEPALIVE),
    { path: 'defaultConfig', when: hasOthersThan('gatewayTopology'), consequence: 'but for gatewayTopology' },
    {
      path: 'defaultConfig.gatewayTopology',
      when: hasOthersThan('numTrustedProxies'),
      consequence: 'but for numTrustedProxies',
    },
    {
      path: 'extensionProviders[]',
      when: hasOthersThan('name', 'envoyExtAuthzHttp', 'envoyExtAuthzGrpc'),
      consequence: 'envoyExtAuthzHttp and envoyExtAuthzGrpc are asked',
    },
    { path: 'extensionProviders[].envoyExtAuthzHttp.clearRouteCache' },
    { path: 'extensionProviders[].envoyExtAuthzGrpc.clearRouteCache' },
  ],
}

/** Every path of a kind, for the documentation. */
export function proxyOnlyPaths(kind: string): string[] {
  return (TABLE[kind] ?? []).map(({ path }) => path)
}

/** One note for each field of the spec that would only have an effect in a cluster's proxy. */
export function proxyOnly(kind: string, spec: JsonRecord): Note[] {
  const uses = usesOf(TABLE[kind] ?? [], spec, "only has an effect in a cluster's proxy")
  return uses.map((use) => ({ ...use, sort: 'proxy' }))
}
