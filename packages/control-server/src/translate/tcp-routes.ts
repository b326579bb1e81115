import { clusterName, type TcpRoute } from '@weft/mesh-protocol'
import { MESH_GATEWAY } from '../config/mesh-gateway.ts'
import type { L4Match, RouteDestination } from '../config/spec/virtual-service.ts'
import { type ClientScope, hasLabels } from './client-scope.ts'
import type { TranslateContext } from './context.ts'
import { destinationCluster } from './destination-cluster.ts'
import type { VirtualService } from './virtual-services.ts'

/**
 * Where a VirtualService leads connections of a client to a port that no HTTP is spoken on: `tls` routes by server name,
 * then `tcp` routes, of which those without a subnet take all that is left (Istio `tls.go`
 * `buildSidecarOutboundTLSFilterChainOpts` and its neighbour for TCP). What neither takes goes to the service itself, but
 * where only server names decide, another name leads nowhere. Empty: the VirtualService says nothing about this.
 */
export function virtualServiceTcpRoutes(
  context: TranslateContext,
  virtualService: VirtualService,
  host: string,
  port: number,
): readonly TcpRoute[] {
  const tls = tlsRoutes(context, virtualService, port)
  const tcp = tcpRoutes(context, virtualService, port)
  const last = tcp.at(-1)
  if (last === undefined || isCatchAll(last)) return [...tls, ...tcp]
  const cluster = clusterName({ port, subset: '', host })
  return [...tls, ...tcp, { name: 'default', clusters: [{ cluster, weight: 1 }] }]
}

function tlsRoutes(context: TranslateContext, { spec, namespace }: VirtualService, port: number): TcpRoute[] {
  return (spec.tls ?? []).flatMap(({ match = [], route = [] }, index) =>
    match.flatMap((block, position): TcpRoute[] => {
      if (route.length === 0 || !connectionApplies(block, context.client, port)) return []
      return [
        {
          name: match.length > 1 ? `tls[${index}].match[${position}]` : `tls[${index}]`,
          sniHosts: block.sniHosts,
          ...subnetsOf(block.destinationSubnets ?? []),
          clusters: weights(context, namespace, port, route),
        },
      ]
    }),
  )
}

function tcpRoutes(context: TranslateContext, { spec, namespace }: VirtualService, port: number): TcpRoute[] {
  const routes: TcpRoute[] = []
  for (const [index, { match = [], route = [] }] of (spec.tcp ?? []).entries()) {
    const blocks = match.filter((block) => connectionApplies(block, context.client, port))
    if (route.length === 0 || (match.length > 0 && blocks.length === 0)) continue
    const everywhere = blocks.some(({ destinationSubnets = [] }) => destinationSubnets.length === 0)
    const subnets = everywhere ? [] : blocks.flatMap(({ destinationSubnets = [] }) => destinationSubnets)
    const made: TcpRoute = {
      name: `tcp[${index}]`,
      ...subnetsOf(subnets),
      clusters: weights(context, namespace, port, route),
    }
    routes.push(made)
    if (isCatchAll(made)) break
  }
  return routes
}

/** Whether a match block can ever hold for this client on this port (Istio `tls.go` `matchTLS`, `matchTCP`). */
function connectionApplies(match: L4Match, client: ClientScope, port: number): boolean {
  if ((match.port ?? 0) !== 0 && match.port !== port) return false
  if (match.gateways !== undefined && match.gateways.length > 0 && !match.gateways.includes(MESH_GATEWAY)) return false
  if (!hasLabels(client.labels, match.sourceLabels)) return false
  return (match.sourceNamespace ?? '') === '' || match.sourceNamespace === client.namespace
}

function isCatchAll({ sniHosts, destinationSubnets }: TcpRoute): boolean {
  return sniHosts === undefined && destinationSubnets === undefined
}

function subnetsOf(destinationSubnets: readonly string[]): Pick<TcpRoute, 'destinationSubnets'> {
  return destinationSubnets.length === 0 ? {} : { destinationSubnets }
}

/** One destination takes everything, whatever its weight. */
function weights(
  context: TranslateContext,
  namespace: string,
  port: number,
  destinations: readonly RouteDestination[],
): TcpRoute['clusters'] {
  return destinations.map(({ destination, weight = 0 }) => ({
    cluster: destinationCluster(context, namespace, port, destination),
    weight: destinations.length === 1 ? 1 : weight,
  }))
}
