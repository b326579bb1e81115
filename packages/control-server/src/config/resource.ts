/** A Kubernetes-style object as people write it; `spec` is checked by its kind's schema, not by this type. */
export interface ConfigResource<Spec = Readonly<Record<string, unknown>>> {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
  readonly spec: Spec
}

export interface ObjectMeta {
  readonly name: string
  readonly namespace: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  /** Set by the server: the store's modification revision, in decimal. */
  readonly resourceVersion?: string
  /** Set by the server at creation, RFC 3339. */
  readonly creationTimestamp?: string
  /** Set by the server at creation. */
  readonly uid?: string
  /** Set by the server: counts changes of the spec. */
  readonly generation?: number
}

/** A kind that the server takes. */
export interface KindInfo {
  readonly kind: string
  /** Empty for the core group. */
  readonly group: string
  /** The stored version first; the others are read as the same schema. */
  readonly versions: readonly string[]
  readonly plural: string
}

/** What validation found; violations refuse, warnings are told. */
export interface Findings {
  readonly violations: readonly { readonly field: string; readonly message: string }[]
  readonly warnings: readonly string[]
}

const ISTIO_NETWORKING = { group: 'networking.istio.io', versions: ['v1', 'v1beta1', 'v1alpha3'] } as const
const ISTIO_SECURITY = { group: 'security.istio.io', versions: ['v1', 'v1beta1'] } as const
const GATEWAY_API = 'gateway.networking.k8s.io'
const WEFT = { group: 'mesh.weft.dev', versions: ['v1'] } as const

export const KINDS: readonly KindInfo[] = [
  { kind: 'Service', group: '', versions: ['v1'], plural: 'services' },
  { kind: 'VirtualService', ...ISTIO_NETWORKING, plural: 'virtualservices' },
  { kind: 'DestinationRule', ...ISTIO_NETWORKING, plural: 'destinationrules' },
  { kind: 'ServiceEntry', ...ISTIO_NETWORKING, plural: 'serviceentries' },
  { kind: 'WorkloadEntry', ...ISTIO_NETWORKING, plural: 'workloadentries' },
  { kind: 'WorkloadGroup', ...ISTIO_NETWORKING, plural: 'workloadgroups' },
  { kind: 'Sidecar', ...ISTIO_NETWORKING, plural: 'sidecars' },
  { kind: 'PeerAuthentication', ...ISTIO_SECURITY, plural: 'peerauthentications' },
  { kind: 'RequestAuthentication', ...ISTIO_SECURITY, plural: 'requestauthentications' },
  { kind: 'AuthorizationPolicy', ...ISTIO_SECURITY, plural: 'authorizationpolicies' },
  { kind: 'HTTPRoute', group: GATEWAY_API, versions: ['v1', 'v1beta1'], plural: 'httproutes' },
  { kind: 'GRPCRoute', group: GATEWAY_API, versions: ['v1', 'v1alpha2'], plural: 'grpcroutes' },
  { kind: 'TCPRoute', group: GATEWAY_API, versions: ['v1', 'v1alpha2'], plural: 'tcproutes' },
  { kind: 'TLSRoute', group: GATEWAY_API, versions: ['v1', 'v1alpha3', 'v1alpha2'], plural: 'tlsroutes' },
  {
    kind: 'XBackendTrafficPolicy',
    group: 'gateway.networking.x-k8s.io',
    versions: ['v1alpha1'],
    plural: 'xbackendtrafficpolicies',
  },
  { kind: 'MeshConfig', ...WEFT, plural: 'meshconfigs' },
  { kind: 'LoadBalancer', ...WEFT, plural: 'loadbalancers' },
  { kind: 'CircuitBreaker', ...WEFT, plural: 'circuitbreakers' },
  { kind: 'FaultInjection', ...WEFT, plural: 'faultinjections' },
]

export function kindOf(apiVersion: string, kind: string): KindInfo | undefined {
  const slash = apiVersion.indexOf('/')
  const group = slash < 0 ? '' : apiVersion.slice(0, slash)
  const version = apiVersion.slice(slash + 1)
  return KINDS.find((info) => info.kind === kind && info.group === group && info.versions.includes(version))
}
