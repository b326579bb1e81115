import { parseClusterName } from '@weft/mesh-protocol'
import type { MeshService } from '../../registry/model.ts'
import { attachedRoutes } from './attached-routes.ts'
import { backendCluster, weightedBackends } from './backends.ts'
import { requestCandidates, rulesRequests } from './request-candidates.ts'
import type { GatewayRouteIndex } from './route-index.ts'

/** A backend of what no other rule takes. */
export interface BackendShare {
  readonly host: string
  /** As written, relative to the others. */
  readonly weight: number
}

/**
 * Where requests to a service go that no condition takes, by the HTTPRoutes or GRPCRoutes of its own namespace on the
 * first port that has some; empty where nothing takes them. `undefined`: none rules the service.
 */
export function restOfRoutes(
  index: GatewayRouteIndex,
  service: Pick<MeshService, 'host' | 'namespace' | 'ports'>,
  domain: string,
): readonly BackendShare[] | undefined {
  const { host, namespace, ports } = service
  for (const port of ports) {
    const attached = attachedRoutes(index.find(host), service, port, namespace)
    if (!rulesRequests(attached)) continue
    const rest = requestCandidates(attached).find(({ match }) => Object.keys(match).length === 0)
    return weightedBackends(rest?.rule.backendRefs).map(({ backend, weight }) => {
      const cluster = backendCluster(backend, { namespace, domain })
      return { host: parseClusterName(cluster)?.host ?? cluster, weight }
    })
  }
  return undefined
}
