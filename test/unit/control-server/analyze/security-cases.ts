import type { KnownWorkload } from '../../../../packages/control-server/src/analyze/known-workload.ts'
import type { Case } from './cases.ts'

/** A case that is judged with these workloads in place. */
export interface SecurityCase extends Case {
  readonly workloads?: readonly KnownWorkload[]
}

const security = (kind: string, name: string, spec: string, namespace = 'default'): string =>
  `apiVersion: security.istio.io/v1\nkind: ${kind}\nmetadata: { name: ${name}, namespace: ${namespace} }\nspec:\n${spec}\n---\n`

const rule = (host: string, mode: string): string =>
  `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: { name: r }\nspec:\n  host: ${host}\n  trafficPolicy:\n    tls: { mode: ${mode} }\n---\n`

const meshConfig = (providers: string): string =>
  `apiVersion: mesh.weft.dev/v1\nkind: MeshConfig\nmetadata: { name: default, namespace: istio-system }\nspec: { extensionProviders: [${providers}] }\n---\n`

const custom = (name: string, provider: string): string =>
  security('AuthorizationPolicy', name, `  action: CUSTOM\n  provider: { name: ${provider} }\n  rules: [{}]`)

const WORKLOADS: readonly KnownWorkload[] = [
  { namespace: 'default', labels: { app: 'web' }, ports: [{ port: 8080, protocol: 'http' }] },
  {
    namespace: 'default',
    labels: { app: 'db' },
    ports: [
      { port: 5432, protocol: 'tcp' },
      { port: 9090, protocol: 'http' },
    ],
  },
]

const AUTHZ = '{ name: a, envoyExtAuthzHttp: { service: a.example, port: 80 } }'

export const SECURITY_CASES: readonly SecurityCase[] = [
  {
    name: 'allows nothing',
    code: 'WEFT0501',
    yaml: security('AuthorizationPolicy', 'a', '  {}') + security('AuthorizationPolicy', 'b', '  rules: [{}]'),
    expected: ['AuthorizationPolicy/a spec:4'],
  },
  {
    name: 'denies everything',
    code: 'WEFT0502',
    yaml: security(
      'AuthorizationPolicy',
      'a',
      '  action: DENY\n  rules:\n    - to: [{ operation: { ports: ["80"] } }]\n    - {}',
    ),
    expected: ['AuthorizationPolicy/a spec.rules[1]:8'],
  },
  {
    name: 'rules about requests on ports of TCP, but where they name others',
    code: 'WEFT0503',
    workloads: WORKLOADS,
    yaml:
      security(
        'AuthorizationPolicy',
        'a',
        '  rules:\n    - to: [{ operation: { methods: [GET] } }]\n    - to: [{ operation: { methods: [GET], ports: ["9090"] } }]',
      ) +
      security(
        'AuthorizationPolicy',
        'b',
        '  action: DENY\n  selector: { matchLabels: { app: db } }\n  rules:\n    - when: [{ key: "request.headers[x]", values: ["y"] }]',
      ) +
      security(
        'AuthorizationPolicy',
        'c',
        '  selector: { matchLabels: { app: web } }\n  rules: [{ to: [{ operation: { methods: [GET] } }] }]',
      ),
    expected: ['AuthorizationPolicy/a spec.rules[0]:6', 'AuthorizationPolicy/b spec.rules[0]:16'],
  },
  {
    name: 'selectors of each kind that fit nobody',
    code: 'WEFT0504',
    workloads: WORKLOADS,
    yaml: [
      security('PeerAuthentication', 'a', '  selector: { matchLabels: { app: wbe } }'),
      security('RequestAuthentication', 'b', '  selector: { matchLabels: { app: web } }', 'other'),
      security('AuthorizationPolicy', 'c', '  selector: { matchLabels: { app: web } }', 'istio-system'),
      security('AuthorizationPolicy', 'd', '  selector: { matchLabels: { app: db } }'),
    ].join(''),
    expected: ['PeerAuthentication/a spec.selector:5', 'RequestAuthentication/b spec.selector:11'],
  },
  {
    name: 'a rule that calls in plaintext what is strict, and one that encrypts what is not',
    code: 'WEFT0505',
    yaml:
      security('PeerAuthentication', 'a', '  mtls: { mode: STRICT }', 'istio-system') +
      security('PeerAuthentication', 'b', '  mtls: { mode: DISABLE }', 'plain') +
      rule('reviews', 'DISABLE') +
      rule('reviews.plain.svc.cluster.local', 'ISTIO_MUTUAL').replace('name: r', 'name: s') +
      rule('ratings', 'ISTIO_MUTUAL').replace('name: r', 'name: t') +
      rule('ratings.plain.svc.cluster.local', 'DISABLE').replace('name: r', 'name: u'),
    expected: ['DestinationRule/r spec.trafficPolicy.tls:19', 'DestinationRule/s spec.trafficPolicy.tls:27'],
  },
  {
    name: 'a port of the service instead of the workload',
    code: 'WEFT0506',
    workloads: WORKLOADS,
    yaml: security(
      'PeerAuthentication',
      'a',
      '  selector: { matchLabels: { app: web } }\n  portLevelMtls:\n    8080: { mode: STRICT }\n    80: { mode: STRICT }',
    ),
    expected: ['PeerAuthentication/a spec.portLevelMtls[80]:8'],
  },
  {
    name: 'two for all of a namespace',
    code: 'WEFT0507',
    yaml:
      security('PeerAuthentication', 'a', '  mtls: { mode: STRICT }') +
      security('PeerAuthentication', 'b', '  mtls: { mode: PERMISSIVE }') +
      security('PeerAuthentication', 'c', '  mtls: { mode: PERMISSIVE }', 'other'),
    expected: ['PeerAuthentication/b spec:10'],
  },
  {
    name: 'tokens that nobody looks at, but where the mesh does',
    code: 'WEFT0508',
    yaml:
      security('RequestAuthentication', 'a', '  jwtRules: [{ issuer: a }]') +
      security('RequestAuthentication', 'b', '  jwtRules: [{ issuer: a }]', 'other') +
      security('AuthorizationPolicy', 'c', '  rules: [{ from: [{ source: { requestPrincipals: ["*"] } }] }]', 'other'),
    expected: ['RequestAuthentication/a spec:4'],
  },
  {
    name: 'nobody to ask',
    code: 'WEFT0509',
    yaml: meshConfig(`${AUTHZ}, { name: z, zipkin: {} }`) + custom('a', 'a') + custom('b', 'b') + custom('c', 'z'),
    expected: ['AuthorizationPolicy/b spec.provider.name:19', 'AuthorizationPolicy/c spec.provider.name:27'],
  },
  {
    name: 'two to ask',
    code: 'WEFT0510',
    yaml: meshConfig(`${AUTHZ}, ${AUTHZ.replace('name: a', 'name: b')}`) + custom('a', 'a') + custom('b', 'b'),
    expected: ['AuthorizationPolicy/a spec.provider.name:11', 'AuthorizationPolicy/b spec.provider.name:19'],
  },
  {
    name: 'a namespace that is misspelled',
    code: 'WEFT0511',
    workloads: WORKLOADS,
    yaml: security(
      'AuthorizationPolicy',
      'a',
      '  rules:\n    - from:\n        - source:\n            namespaces: [defualt, "de*", default]',
    ),
    expected: ['AuthorizationPolicy/a spec.rules[0].from[0].source.namespaces[0]:8'],
  },
]
