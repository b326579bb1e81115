import { BlockList, isIP } from 'node:net'
import type { TcpRoute, Violation, VirtualHost } from '@weft/mesh-protocol'
import type { CompiledTcpRoute, TcpRequest } from './route-table.ts'

interface MatchableTcpRoute {
  readonly matches: (request: TcpRequest) => boolean
  readonly route: CompiledTcpRoute
}

/**
 * Where the connections to a virtual host go: its TCP routes in order, and after them what its requests fall back to, which
 * for a port that speaks TCP is the service itself. `undefined`: nowhere.
 */
export function compileTcpRoutes(
  { routes, tcpRoutes = [] }: VirtualHost,
  field: string,
  violations: Violation[],
): (request: TcpRequest) => CompiledTcpRoute | undefined {
  const compiled = tcpRoutes.map((route, index): MatchableTcpRoute => {
    const at = `${field}.tcpRoutes[${index}]`
    return { matches: compileMatch(route, at, violations), route: compiledRoute(route.name, route.clusters) }
  })
  const fallback = routes.find(({ match, route }) => Object.keys(match).length === 0 && route !== undefined)
  if (fallback?.route !== undefined) {
    compiled.push({ matches: () => true, route: compiledRoute(fallback.name, fallback.route.clusters) })
  }
  return (request) => compiled.find(({ matches }) => matches(request))?.route
}

function compiledRoute(name: string, clusters: TcpRoute['clusters']): CompiledTcpRoute {
  return {
    name,
    destinations: clusters.map(({ cluster, weight }) => ({ cluster, weight })),
    totalWeight: clusters.reduce((sum, { weight }) => sum + weight, 0),
  }
}

function compileMatch(
  { sniHosts, destinationSubnets }: TcpRoute,
  field: string,
  violations: Violation[],
): (request: TcpRequest) => boolean {
  const subnets = destinationSubnets === undefined ? undefined : compileSubnets(destinationSubnets, field, violations)
  return ({ serverName, address }) =>
    (sniHosts === undefined || (serverName !== undefined && sniHosts.some((host) => namesHost(host, serverName)))) &&
    (subnets === undefined || (address !== undefined && lies(address, subnets)))
}

/** An exact name, or `*.suffix` for every name below it (Envoy `FilterChainMatch.server_names`). */
function namesHost(pattern: string, name: string): boolean {
  const lower = name.toLowerCase()
  const wanted = pattern.toLowerCase()
  if (wanted === '*') return true
  return wanted.startsWith('*.')
    ? lower.length > wanted.length - 1 && lower.endsWith(wanted.slice(1))
    : lower === wanted
}

function compileSubnets(subnets: readonly string[], field: string, violations: Violation[]): BlockList {
  const list = new BlockList()
  subnets.forEach((subnet, index) => {
    const [address = '', bits] = subnet.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    try {
      if (bits === undefined) list.addAddress(address, family)
      else list.addSubnet(address, Number(bits), family)
    } catch {
      violations.push({
        field: `${field}.destinationSubnets[${index}]`,
        message: `must be an IP address or a CIDR range, not ${JSON.stringify(subnet)}`,
      })
    }
  })
  return list
}

function lies(address: string, subnets: BlockList): boolean {
  return subnets.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}
