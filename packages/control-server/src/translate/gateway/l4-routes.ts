import { clusterName, DEFAULT_ROUTE_TIMEOUT_MS, type RetryPolicy, type Route, type TcpRoute } from '@weft/mesh-protocol'
import type { AttachedRoutes } from './attached-routes.ts'
import { nowhere, plainClusters } from './backends.ts'

type AttachedL4Routes = Exclude<AttachedRoutes, { kind: 'HTTPRoute' | 'GRPCRoute' }>

/**
 * What TLSRoutes or TCPRoutes make of connections: the most exact server name first (Gateway API: exact before wildcard, then
 * the longer), then the oldest. Of TCPRoutes the oldest gets everything. A rule whose backends all have weight 0 refuses.
 */
export function translateL4Routes(attached: AttachedL4Routes, domain: string): readonly TcpRoute[] {
  const routes = attached.routes.flatMap((route) =>
    route.spec.rules.flatMap((rule, index): TcpRoute[] => {
      const name = `${route.namespace}/${route.name}/${rule.name ?? `rules[${index}]`}`
      const split = plainClusters(rule.backendRefs, { namespace: route.namespace, domain })
      const clusters = split.length === 0 ? [{ cluster: nowhere(route), weight: 1 }] : split
      if (route.kind === 'TCPRoute') return [{ name, clusters }]
      return route.spec.hostnames.map((hostname) => ({ name, sniHosts: [hostname], clusters }))
    }),
  )
  if (attached.kind === 'TCPRoute') return routes.slice(0, 1)
  const rank = ({ sniHosts = [] }: TcpRoute): number => sniRank(sniHosts[0] ?? '')
  return routes.sort((a, b) => rank(b) - rank(a))
}

/** Names have at most 253 characters. */
const EXACT = 1000

function sniRank(hostname: string): number {
  return hostname.length + (hostname.startsWith('*.') ? 0 : EXACT)
}

/**
 * The same for requests on such a port: to a proxy they are a connection like any other. Where connections are told apart by
 * their TLS server name, plain requests go to the service.
 */
export function requestsAsConnections(
  { kind }: AttachedL4Routes,
  [first]: readonly TcpRoute[],
  { host, port, retryPolicy }: { readonly host: string; readonly port: number; readonly retryPolicy: RetryPolicy },
): readonly Route[] {
  const own = [{ cluster: clusterName({ port, subset: '', host }), weight: 1 }]
  const clusters = kind === 'TCPRoute' && first !== undefined ? first.clusters : own
  const limits = { timeoutMs: DEFAULT_ROUTE_TIMEOUT_MS, retryPolicy }
  return [{ name: first?.name ?? 'default', match: {}, route: { clusters, ...limits } }]
}
