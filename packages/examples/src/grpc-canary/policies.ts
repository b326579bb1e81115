interface Rule {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly spec: object
}

const rule = (group: string, kind: string, name: string, spec: object, namespace = 'default'): Rule => ({
  apiVersion: `${group}/v1`,
  kind,
  metadata: { name, namespace },
  spec,
})

const networking = (kind: string, name: string, spec: object): Rule => rule('networking.istio.io', kind, name, spec)
const security = (kind: string, name: string, spec: object, namespace?: string): Rule =>
  rule('security.istio.io', kind, name, spec, namespace)

/** Mutual TLS alone, but for the front; a method of gRPC is a path, so who may call it is said by path. */
export const WHO_MAY_CALL: readonly object[] = [
  security('PeerAuthentication', 'default', { mtls: { mode: 'STRICT' } }, 'istio-system'),
  security('PeerAuthentication', 'front', {
    selector: { matchLabels: { app: 'front' } },
    mtls: { mode: 'PERMISSIVE' },
  }),
  mayCall('greeter', 'front', '/greeter.v1.Greeter/*'),
  mayCall('dictionary', 'greeter', '/dictionary.v1.Dictionary/LookUp'),
]

function mayCall(app: string, serviceAccount: string, path: string): object {
  return security('AuthorizationPolicy', app, {
    selector: { matchLabels: { app } },
    rules: [{ from: [{ source: { serviceAccounts: [serviceAccount] } }], to: [{ operation: { paths: [path] } }] }],
  })
}

/** What fails below the greeter is to be seen, so that it is not tried again itself. */
export const ALL_V1: readonly object[] = [
  networking('DestinationRule', 'greeter', {
    host: 'greeter',
    subsets: ['v1', 'v2'].map((version) => ({ name: version, labels: { version } })),
  }),
  networking('VirtualService', 'greeter', {
    hosts: ['greeter'],
    http: [{ route: [{ destination: { host: 'greeter', subset: 'v1' } }], retries: { attempts: 0 } }],
  }),
]

/** What is sent to the canary API: a tenth of the calls, and those of testers. */
export const CANARY = { subset: 'v2', weight: 10, match: [{ headers: { 'x-tester': { exact: 'yes' } } }] } as const

const toDictionary = (more: object): readonly object[] => [
  networking('VirtualService', 'dictionary', {
    hosts: ['dictionary'],
    http: [{ route: [{ destination: { host: 'dictionary' } }], ...more }],
  }),
]

export const NO_RETRIES: readonly object[] = toDictionary({ retries: { attempts: 0 } })
export const RETRIES: readonly object[] = toDictionary({ retries: { attempts: 3, retryOn: 'unavailable' } })
export const SLOW_DICTIONARY: readonly object[] = toDictionary({
  fault: { delay: { fixedDelay: '5s', percentage: { value: 100 } } },
})
