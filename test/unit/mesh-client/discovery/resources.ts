import type {
  Cluster,
  ClusterLoadAssignmentUpdate,
  Endpoint,
  HostIndexUpdate,
  InboundPolicy,
  RouteConfiguration,
} from '@weft/mesh-protocol'
import { DEFAULT_CIRCUIT_BREAKERS, DEFAULT_RETRY_POLICY } from '@weft/mesh-protocol'

/** Wire resources with nothing special about them. */

export function cluster(name: string, version: string): Cluster {
  return {
    type: 'Cluster',
    name,
    version,
    service: { host: 'reviews.default.svc.cluster.local', name: 'reviews', namespace: 'default' },
    subset: '',
    port: 80,
    protocol: 'http',
    edsServiceName: name,
    lbPolicy: 'LEAST_REQUEST',
    connectTimeoutMs: 1000,
    circuitBreakers: DEFAULT_CIRCUIT_BREAKERS,
    maxRequestsPerConnection: 0,
    idleTimeoutMs: 0,
  }
}

export function endpoint(id: string, weight = 1): Endpoint {
  const [address = '', port = '80'] = id.split(':')
  return {
    id,
    address,
    port: Number(port),
    weight,
    healthStatus: 'HEALTHY',
    locality: { region: '', zone: '', subZone: '' },
    labels: {},
    workload: { name: 'reviews', namespace: 'default', serviceAccount: 'default' },
  }
}

export function assignment(
  name: string,
  version: string,
  ids: readonly string[],
  more: Partial<ClusterLoadAssignmentUpdate> = {},
): ClusterLoadAssignmentUpdate {
  return { type: 'ClusterLoadAssignment', name, version, endpoints: ids.map((id) => endpoint(id)), ...more }
}

/** `regex` where the path is to be matched by one. */
export function routes(name: string, version: string, clusters: readonly string[], regex?: string): RouteConfiguration {
  const route = {
    name: 'all',
    match: regex === undefined ? {} : { path: { regex } },
    route: {
      clusters: clusters.map((cluster) => ({ cluster, weight: 1 })),
      timeoutMs: 0,
      retryPolicy: DEFAULT_RETRY_POLICY,
    },
  }
  return { type: 'RouteConfiguration', name, version, virtualHosts: [{ name, port: 80, routes: [route] }] }
}

export function hostIndex(
  version: string,
  hosts: readonly string[],
  more: Partial<HostIndexUpdate> = {},
): HostIndexUpdate {
  return { type: 'HostIndex', name: 'hosts', version, domain: 'cluster.local', hosts, ...more }
}

export function inbound(version: string, more: object = {}): InboundPolicy {
  return { type: 'InboundPolicy', name: 'inbound', version, services: [], ...more }
}
