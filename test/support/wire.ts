import {
  type Cluster,
  DEFAULT_CIRCUIT_BREAKERS,
  DEFAULT_CONNECT_TIMEOUT_MS,
  DEFAULT_IDLE_TIMEOUT_MS,
  DEFAULT_RETRY_POLICY,
  type Endpoint,
  type Route,
  type RouteAction,
  type RouteConfiguration,
} from '@weft/mesh-protocol'

/** A route that sends requests on. */
export type WireRoute = Route & { readonly route: RouteAction }

/** An endpoint as a registration makes it; the number becomes its address. */
export function wireEndpoint(number: number, overrides: Partial<Endpoint> = {}): Endpoint {
  const address = `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`
  return {
    id: `${address}:9080`,
    address,
    port: 9080,
    weight: 1,
    healthStatus: 'HEALTHY',
    locality: { region: '', zone: '', subZone: '' },
    labels: {},
    workload: { name: `reviews-${number}`, namespace: 'default', serviceAccount: 'default' },
    ...overrides,
  }
}

export function byId(endpoints: readonly Endpoint[]): Map<string, Endpoint> {
  return new Map(endpoints.map((endpoint) => [endpoint.id, endpoint]))
}

export function wireCluster(overrides: Partial<Cluster> = {}): Cluster {
  return {
    type: 'Cluster',
    name: 'outbound|9080||reviews.default.svc.cluster.local',
    version: '1',
    service: { host: 'reviews.default.svc.cluster.local', name: 'reviews', namespace: 'default' },
    subset: '',
    port: 9080,
    protocol: 'http',
    edsServiceName: 'outbound|9080||reviews.default.svc.cluster.local',
    lbPolicy: 'LEAST_REQUEST',
    connectTimeoutMs: DEFAULT_CONNECT_TIMEOUT_MS,
    circuitBreakers: DEFAULT_CIRCUIT_BREAKERS,
    maxRequestsPerConnection: 0,
    idleTimeoutMs: DEFAULT_IDLE_TIMEOUT_MS,
    ...overrides,
  }
}

export function wireRoute(name: string, overrides: Partial<WireRoute> = {}): WireRoute {
  return {
    name,
    match: {},
    route: { clusters: [{ cluster: name, weight: 1 }], timeoutMs: 0, retryPolicy: DEFAULT_RETRY_POLICY },
    ...overrides,
  }
}

export function wireRoutes(routes: readonly Route[], port = 9080): RouteConfiguration {
  return {
    type: 'RouteConfiguration',
    name: 'reviews.default.svc.cluster.local',
    version: '1',
    virtualHosts: [{ name: `reviews:${port}`, port, routes }],
  }
}
