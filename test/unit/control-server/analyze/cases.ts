import type { Code } from '../../../../packages/control-server/src/analyze/codes.ts'

/** Resources, and what is said of them: `code kind/name field:line` in order. */
export interface Case {
  readonly name: string
  readonly code: Code
  readonly yaml: string
  /** Those of the code alone. Empty: it is not said here. */
  readonly expected: readonly string[]
}

const SERVICES = `
apiVersion: v1
kind: Service
metadata: { name: reviews }
spec: { ports: [{ port: 9080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: ratings }
spec: { ports: [{ port: 9080 }] }
---
`.trimStart()

/** A VirtualService in as many lines as it takes: \`spec\` begins at the fifth. */
export const virtualService = (name: string, spec: string, namespace = 'default'): string =>
  `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${name}, namespace: ${namespace} }
spec:
${spec}
---
`.trimStart()

const destinationRule = (name: string, spec: string): string =>
  `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: ${name} }
spec:
${spec}
---
`.trimStart()

const TO_REVIEWS = '  hosts: [reviews]\n  http: [{ route: [{ destination: { host: reviews } }] }]'

export const CASES: readonly Case[] = [
  {
    name: 'a value of the wrong type and a value out of range, at their lines',
    code: 'WEFT0101',
    yaml: virtualService(
      'a',
      '  hosts: [reviews]\n  http:\n    - timeout: 5\n      route:\n        - destination:\n            host: reviews\n            port: { number: 0 }',
    ),
    expected: [
      'VirtualService/a spec.http[0].timeout:7',
      'VirtualService/a spec.http[0].route[0].destination.port.number:11',
    ],
  },
  {
    name: 'what is missing, at its parent',
    code: 'WEFT0101',
    yaml: destinationRule('a', '  subsets:\n    - labels: {}'),
    expected: ['DestinationRule/a spec.host:4', 'DestinationRule/a spec.subsets[0].name:6'],
  },
  {
    name: 'the items of a List, and keys that hold dots',
    code: 'WEFT0101',
    yaml: 'apiVersion: v1\nkind: List\nitems:\n  - apiVersion: networking.istio.io/v1\n    kind: WorkloadEntry\n    metadata: { name: a }\n    spec:\n      address: 1.1.1.1\n      labels:\n        a.b/c: "d e"\n',
    expected: ['WorkloadEntry/a spec.labels[a.b/c]:10'],
  },
  {
    name: 'a kind of ours that is misspelled',
    code: 'WEFT0101',
    yaml: 'apiVersion: networking.istio.io/v1\nkind: VirtualServce\nmetadata: { name: a }\nspec: {}\n',
    expected: ['VirtualServce/a kind:2'],
  },
  {
    name: 'a regex that would explode, and a line break in a header',
    code: 'WEFT0101',
    yaml: virtualService(
      'a',
      '  hosts: [reviews]\n  http:\n    - match: [{ uri: { regex: "((a{1,100}){1,100}){1,100}" } }]\n      route: [{ destination: { host: reviews } }]\n      headers:\n        request: { set: { x: "a\\r\\nb: c" } }',
    ),
    expected: [
      'VirtualService/a spec.http[0].match[0].uri.regex:7',
      'VirtualService/a spec.http[0].headers.request.set[x]:10',
    ],
  },
  {
    name: 'a Sidecar that selects nobody in particular',
    code: 'WEFT0102',
    yaml: 'apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: { name: a }\nspec:\n  egress: [{ hosts: ["./*"] }]\n  workloadSelector: {}\n',
    expected: ['Sidecar/a spec.workloadSelector:6'],
  },
  {
    name: 'a Deployment beside them',
    code: 'WEFT0103',
    yaml: 'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: a }\nspec: {}\n',
    expected: ['Deployment/a kind:2'],
  },
  {
    name: 'a deprecated percentage',
    code: 'WEFT0104',
    yaml: virtualService(
      'a',
      '  hosts: [reviews]\n  http:\n    - route: [{ destination: { host: reviews } }]\n      mirror: { host: reviews }\n      mirrorPercent: 5',
    ),
    expected: ['VirtualService/a spec.http[0].mirrorPercent:9'],
  },
  {
    name: 'a field of a proxy',
    code: 'WEFT0106',
    yaml: destinationRule('a', '  host: reviews\n  trafficPolicy:\n    proxyProtocol: { version: V2 }'),
    expected: ['DestinationRule/a spec.trafficPolicy.proxyProtocol:7'],
  },
  {
    name: 'the same resource again',
    code: 'WEFT0107',
    yaml: virtualService('a', TO_REVIEWS) + virtualService('a', TO_REVIEWS),
    expected: ['VirtualService/a metadata.name:10'],
  },
  {
    name: 'hosts that nobody has, where they are named first',
    code: 'WEFT0201',
    yaml:
      SERVICES +
      virtualService(
        'a',
        '  hosts: [reviews]\n  http:\n    - route:\n        - { destination: { host: reviews }, weight: 50 }\n        - { destination: { host: review }, weight: 50 }\n    - route: [{ destination: { host: review } }]',
      ),
    expected: ['VirtualService/a spec.http[0].route[1].destination.host:19'],
  },
  {
    name: 'not of hosts of a ServiceEntry, wildcards too',
    code: 'WEFT0201',
    yaml: `apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: { name: a }\nspec: { hosts: ['*.example.com', b.com], resolution: NONE }\n---\n${virtualService('a', '  hosts: [b.com]\n  http: [{ route: [{ destination: { host: a.example.com } }] }]')}`,
    expected: [],
  },
  {
    name: 'a subset that no DestinationRule has',
    code: 'WEFT0202',
    yaml:
      SERVICES +
      destinationRule('a', '  host: reviews\n  subsets: [{ name: v1 }]') +
      virtualService(
        'a',
        '  hosts: [reviews]\n  http:\n    - route: [{ destination: { host: reviews, subset: v1 } }]\n      mirror:\n        host: reviews\n        subset: v2',
      ),
    expected: ['VirtualService/a spec.http[0].mirror.subset:27'],
  },
  {
    name: 'a subset that the DestinationRule of an unknown host does not have',
    code: 'WEFT0202',
    yaml: `${destinationRule('a', '  host: reviews\n  subsets: [{ name: v1 }]')}${virtualService('a', '  hosts: [reviews]\n  http:\n    - route: [{ destination: { host: reviews, subset: v2 } }]\n      mirrors: [{ destination: { host: ratings, subset: v2 } }]')}`,
    expected: ['VirtualService/a spec.http[0].route[0].destination.subset:14'],
  },
  {
    name: 'a port that the Service does not have',
    code: 'WEFT0203',
    yaml:
      SERVICES +
      virtualService(
        'a',
        '  hosts: [reviews]\n  http:\n    - route: [{ destination: { host: reviews, port: { number: 80 } } }]\n    - route: [{ destination: { host: other, port: { number: 80 } } }]',
      ),
    expected: ['VirtualService/a spec.http[0].route[0].destination.port:17'],
  },
  {
    name: 'what comes after a route that takes everything',
    code: 'WEFT0301',
    yaml: virtualService(
      'a',
      '  hosts: [reviews]\n  http:\n    - route: [{ destination: { host: reviews } }]\n    - match: [{ uri: { exact: / } }]\n      route: [{ destination: { host: reviews } }]',
    ),
    expected: ['VirtualService/a spec.http[1]:8'],
  },
  {
    name: 'two VirtualServices for a host, however it is written',
    code: 'WEFT0302',
    yaml:
      virtualService('a', TO_REVIEWS) +
      virtualService(
        'b',
        '  hosts: [ratings, reviews.default.svc.cluster.local]\n  http: [{ route: [{ destination: { host: reviews } }] }]',
      ),
    expected: ['VirtualService/a spec.hosts[0]:5', 'VirtualService/b spec.hosts[1]:12'],
  },
  {
    name: 'not where nobody sees both, or one is for gateways',
    code: 'WEFT0302',
    yaml:
      virtualService('a', `${TO_REVIEWS}\n  exportTo: [.]`) +
      virtualService(
        'a',
        '  hosts: [reviews.default]\n  http: [{ route: [{ destination: { host: reviews } }] }]\n  exportTo: [.]',
        'other',
      ) +
      virtualService('b', `${TO_REVIEWS}\n  gateways: [outside]`),
    expected: [],
  },
  {
    name: 'a wildcard over a host',
    code: 'WEFT0303',
    yaml:
      virtualService('a', '  hosts: ["*.example.com"]\n  http: [{ route: [{ destination: { host: reviews } }] }]') +
      virtualService(
        'b',
        '  hosts: [a.example.com, example.com]\n  http: [{ route: [{ destination: { host: reviews } }] }]',
      ),
    expected: ['VirtualService/b spec.hosts[0]:12'],
  },
  {
    name: 'an HTTPRoute beside a VirtualService',
    code: 'WEFT0304',
    yaml: `${virtualService('a', TO_REVIEWS)}apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: { name: b }\nspec:\n  parentRefs: [{ group: "", kind: Service, name: reviews }]\n  rules: [{ backendRefs: [{ name: reviews, port: 9080 }] }]\n`,
    expected: ['VirtualService/a spec.hosts[0]:5', 'HTTPRoute/b spec.parentRefs[0]:12'],
  },
  {
    name: 'two DestinationRules for a host',
    code: 'WEFT0305',
    yaml:
      destinationRule('a', '  host: reviews') +
      destinationRule('b', '  host: reviews.default.svc.cluster.local') +
      destinationRule('c', '  host: reviews\n  workloadSelector: { matchLabels: { a: b } }'),
    expected: ['DestinationRule/a spec.host:5', 'DestinationRule/b spec.host:11'],
  },
  {
    name: 'weights that are no percentages',
    code: 'WEFT0306',
    yaml: virtualService(
      'a',
      '  hosts: [reviews]\n  http:\n    - route: [{ destination: { host: reviews }, weight: 1 }, { destination: { host: ratings }, weight: 2 }]\n  tcp:\n    - route: [{ destination: { host: reviews }, weight: 100 }]',
    ),
    expected: ['VirtualService/a spec.http[0].route:7'],
  },
  {
    name: 'a fault that aborts everything',
    code: 'WEFT0401',
    yaml: virtualService(
      'a',
      '  hosts: [reviews]\n  http:\n    - match: [{ headers: { test: {} } }]\n      fault: { abort: { httpStatus: 503, percentage: { value: 100 } } }\n      route: [{ destination: { host: reviews } }]\n    - fault: { abort: { httpStatus: 503, percentage: { value: 100 } } }\n      route: [{ destination: { host: reviews } }]',
    ),
    expected: ['VirtualService/a spec.http[1].fault.abort:10'],
  },
  {
    name: 'the same on the serving side',
    code: 'WEFT0401',
    yaml: 'apiVersion: mesh.weft.dev/v1\nkind: FaultInjection\nmetadata: { name: a }\nspec:\n  rules:\n    - abort: { grpcStatus: UNAVAILABLE, percentage: { value: 100 } }\n',
    expected: ['FaultInjection/a spec.rules[0].abort:6'],
  },
  {
    name: 'faults of no percentage',
    code: 'WEFT0402',
    yaml: virtualService(
      'a',
      '  hosts: [reviews]\n  http:\n    - fault:\n        abort: { httpStatus: 503 }\n        delay: { fixedDelay: 1s }\n      route: [{ destination: { host: reviews } }]',
    ),
    expected: ['VirtualService/a spec.http[0].fault.abort:8', 'VirtualService/a spec.http[0].fault.delay:9'],
  },
  {
    name: 'outlier detection that may leave nobody',
    code: 'WEFT0403',
    yaml: destinationRule(
      'a',
      '  host: reviews\n  trafficPolicy:\n    outlierDetection: { maxEjectionPercent: 100 }\n    portLevelSettings:\n      - port: { number: 1 }\n        outlierDetection: { maxEjectionPercent: 100, minHealthPercent: 10 }',
    ),
    expected: ['DestinationRule/a spec.trafficPolicy.outlierDetection.maxEjectionPercent:7'],
  },
  {
    name: 'not where a LoadBalancer has a panic threshold',
    code: 'WEFT0403',
    yaml: `${destinationRule('a', '  host: reviews\n  trafficPolicy: { outlierDetection: { maxEjectionPercent: 100 } }')}apiVersion: mesh.weft.dev/v1\nkind: LoadBalancer\nmetadata: { name: a }\nspec: { host: reviews.default.svc.cluster.local, panicThreshold: 50 }\n`,
    expected: [],
  },
  {
    name: 'outlier detection of no effect',
    code: 'WEFT0404',
    yaml: destinationRule(
      'a',
      '  host: reviews\n  subsets:\n    - name: v1\n      trafficPolicy: { outlierDetection: { minHealthPercent: 100 } }',
    ),
    expected: ['DestinationRule/a spec.subsets[0].trafficPolicy.outlierDetection.minHealthPercent:8'],
  },
  {
    name: 'limits of 0',
    code: 'WEFT0405',
    yaml: destinationRule(
      'a',
      '  host: reviews\n  trafficPolicy:\n    connectionPool:\n      tcp: { maxConnections: 0 }\n      http: { http2MaxRequests: 0, maxRequestsPerConnection: 0 }',
    ),
    expected: [
      'DestinationRule/a spec.trafficPolicy.connectionPool.tcp.maxConnections:8',
      'DestinationRule/a spec.trafficPolicy.connectionPool.http.http2MaxRequests:9',
    ],
  },
  {
    name: 'a Sidecar that leaves out what a VirtualService rules, which is not where its routes lead',
    code: 'WEFT0406',
    yaml: `apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: { name: a }\nspec:\n  outboundTrafficPolicy: {}\n  egress: [{ hosts: ["./reviews.default.svc.cluster.local"] }]\n---\n${virtualService('a', '  hosts: [reviews, ratings]\n  http:\n    - route: [{ destination: { host: details } }]')}`,
    expected: ['Sidecar/a spec.egress:6', 'VirtualService/a spec.hosts[1]:12'],
  },
  {
    name: 'not where unknown hosts pass, or the host is not excluded after all',
    code: 'WEFT0406',
    yaml: `apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: { name: a }\nspec: { egress: [{ hosts: ["other/*"] }] }\n---\napiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: { name: b }\nspec: { outboundTrafficPolicy: {}, egress: [{ hosts: ["default/*.com", "*/*", "~/*.com"] }] }\n---\n${virtualService('a', TO_REVIEWS)}`,
    expected: [],
  },
  {
    name: 'attempts as long as all of them',
    code: 'WEFT0407',
    yaml: virtualService(
      'a',
      '  hosts: [reviews]\n  http:\n    - timeout: 1s\n      retries: { attempts: 3, perTryTimeout: 1000ms }\n      route: [{ destination: { host: reviews } }]\n    - timeout: 1s\n      retries: { attempts: 3, perTryTimeout: 300ms }\n      route: [{ destination: { host: reviews } }]',
    ),
    expected: ['VirtualService/a spec.http[0].retries.perTryTimeout:8'],
  },
  {
    name: 'a policy that hashes nothing',
    code: 'WEFT0408',
    yaml: `${destinationRule('a', '  host: reviews\n  trafficPolicy: { loadBalancer: { consistentHash: { useSourceIp: true } } }')}apiVersion: mesh.weft.dev/v1\nkind: LoadBalancer\nmetadata: { name: a }\nspec: { host: reviews, policy: MAGLEV }\n---\napiVersion: mesh.weft.dev/v1\nkind: LoadBalancer\nmetadata: { name: b }\nspec:\n  host: ratings\n  policy: MAGLEV\n`,
    expected: ['LoadBalancer/b spec.policy:18'],
  },
  {
    name: 'Services that an HTTPRoute names',
    code: 'WEFT0201',
    yaml: `${SERVICES}apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: { name: a }\nspec:\n  parentRefs: [{ group: "", kind: Service, name: reviews, namespace: other }, { group: "", kind: Service, name: reviews }]\n  rules:\n    - backendRefs:\n        - { name: ratings, port: 9080 }\n        - name: rating\n          port: 9080\n`,
    expected: ['HTTPRoute/a spec.parentRefs[0].name:15', 'HTTPRoute/a spec.rules[0].backendRefs[1].name:19'],
  },
  {
    name: 'a Sidecar that imports nothing',
    code: 'WEFT0409',
    yaml: 'apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: { name: a }\nspec:\n  outboundTrafficPolicy: { mode: REGISTRY_ONLY }\n  egress: [{ hosts: ["~/*"] }]\n---\napiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: { name: b }\nspec: { egress: [{ hosts: ["~/*"] }] }\n',
    expected: ['Sidecar/a spec.egress:6'],
  },
  {
    name: 'paths below an earlier prefix, once each',
    code: 'WEFT0301',
    yaml: virtualService(
      'a',
      `  hosts: [reviews]
  http:
    - match: [{ uri: { prefix: /a }, headers: { x: {} } }, { uri: { prefix: /b }, name: b }]
      route: [{ destination: { host: reviews } }]
    - match: [{ uri: { exact: /a/1 } }]
      route: [{ destination: { host: reviews } }]
    - match: [{ uri: { prefix: /b/1 } }]
      route: [{ destination: { host: reviews } }]
    - match: [{ uri: { exact: /b }, method: { exact: POST } }, { uri: { prefix: /c } }]
      route: [{ destination: { host: reviews } }]`,
    ),
    expected: ['VirtualService/a spec.http[2].match[0]:11', 'VirtualService/a spec.http[3].match[0]:13'],
  },
  {
    name: 'a host of two ServiceEntries, and of a Service',
    code: 'WEFT0307',
    yaml: `${SERVICES}apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: { name: a }\nspec: { hosts: [a.example.com], resolution: DNS }\n---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: { name: b, namespace: other }\nspec:\n  resolution: DNS\n  hosts: [b.example.com, A.example.com, reviews.default.svc.cluster.local]\n---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: { name: c, namespace: third }\nspec: { hosts: [b.example.com], resolution: DNS, exportTo: ['~'] }\n`,
    expected: [
      'Service/reviews metadata.name:3',
      'ServiceEntry/a spec.hosts[0]:14',
      'ServiceEntry/b spec.hosts[1]:21',
      'ServiceEntry/b spec.hosts[2]:21',
    ],
  },
  {
    name: 'a direct response as the only route',
    code: 'WEFT0401',
    yaml: virtualService('a', '  hosts: [reviews]\n  http:\n    - directResponse: { status: 503 }'),
    expected: ['VirtualService/a spec.http[0].directResponse:7'],
  },
]
