import { validateResource } from '../../../../packages/control-server/src/config/validate.ts'

const API_VERSIONS: Readonly<Record<string, string>> = {
  Service: 'v1',
  VirtualService: 'networking.istio.io/v1',
  DestinationRule: 'networking.istio.io/v1',
  ServiceEntry: 'networking.istio.io/v1',
  WorkloadEntry: 'networking.istio.io/v1',
  WorkloadGroup: 'networking.istio.io/v1',
  Sidecar: 'networking.istio.io/v1',
  PeerAuthentication: 'security.istio.io/v1',
  RequestAuthentication: 'security.istio.io/v1',
  AuthorizationPolicy: 'security.istio.io/v1',
  HTTPRoute: 'gateway.networking.k8s.io/v1',
  GRPCRoute: 'gateway.networking.k8s.io/v1',
  TCPRoute: 'gateway.networking.k8s.io/v1',
  TLSRoute: 'gateway.networking.k8s.io/v1',
  XBackendTrafficPolicy: 'gateway.networking.x-k8s.io/v1alpha1',
  MeshConfig: 'mesh.weft.dev/v1',
  LoadBalancer: 'mesh.weft.dev/v1',
  CircuitBreaker: 'mesh.weft.dev/v1',
  FaultInjection: 'mesh.weft.dev/v1',
}

/** A resource as it comes in. */
export function resource(kind: string, spec: unknown, metadata: object = { name: 'x' }): Record<string, unknown> {
  return { apiVersion: API_VERSIONS[kind], kind, metadata, spec }
}

/** `field: message` of each violation. */
export function violationsOf(kind: string, spec: unknown): string[] {
  return validateResource(resource(kind, spec)).violations.map(({ field, message }) => `${field}: ${message}`)
}

export function fieldsOf(kind: string, spec: unknown): string[] {
  return validateResource(resource(kind, spec)).violations.map(({ field }) => field)
}

export function warningsOf(kind: string, spec: unknown): readonly string[] {
  return validateResource(resource(kind, spec)).warnings
}

const TO_A = [{ destination: { host: 'a' } }]

/** A VirtualService with one http route, which leads to `a` where nothing else is said. */
export function httpRoute(route: object): object {
  return { hosts: ['a'], http: [{ route: TO_A, ...route }] }
}

/** A VirtualService with one route without an action. */
export function bareRoute(route: object): object {
  return { hosts: ['a'], http: [route] }
}

export function policy(trafficPolicy: object): object {
  return { host: 'a', trafficPolicy }
}
