import { isIpAddress } from '@weft/mesh-protocol'
import { item } from '../field-path.ts'
import { HostSet } from '../host-set.ts'
import { MESH_GATEWAY } from '../mesh-gateway.ts'
import type { VirtualServiceSpec } from '../spec/virtual-service.ts'
import type { Context } from './context.ts'
import { checkExportTo } from './export-to.ts'
import { checkGatewayNames } from './gateways.ts'
import { gatewayDomainProblem, quote, wildcardDomainProblem } from './hosts.ts'
import { checkHttpRoute } from './http-route.ts'
import { checkTcpRoute, checkTlsRoute } from './l4-routes.ts'
import type { Report } from './report.ts'
import { warnCoveredPrefixes, warnUnreachable } from './unreachable.ts'

/** What the schema of a VirtualService cannot tell (Istio `ValidateVirtualService`). */
export function checkVirtualService(spec: VirtualServiceSpec, context: Context): void {
  const { report, namespace } = context
  const { hosts = [], gateways = [], http = [], tls = [], tcp = [] } = spec
  const isDelegate = hosts.length === 0
  const onGateway = gateways.length > 0 && !gateways.includes(MESH_GATEWAY)
  if (isDelegate) checkDelegate(spec, report)
  checkGatewayNames(gateways, 'spec.gateways', report)
  const known = new HostSet(hosts)
  checkHosts(spec, known, onGateway, report)
  if (http.length + tls.length + tcp.length === 0) report.violation('spec', 'needs routes: http, tls or tcp')
  for (const [index, route] of http.entries()) {
    checkHttpRoute(route, item('spec.http', index), { isDelegate, onGateway }, context)
  }
  const binding = { hosts: known, onGateway: !gateways.includes(MESH_GATEWAY) }
  for (const [index, route] of tls.entries()) checkTlsRoute(route, item('spec.tls', index), binding, report)
  for (const [index, route] of tcp.entries()) checkTcpRoute(route, item('spec.tcp', index), report)
  checkExportTo(spec.exportTo, namespace, { ownNamespaceOnly: false }, report)
  warnUnreachable(http, 'spec.http', report)
  warnCoveredPrefixes(http, 'spec.http', report)
  warnUnreachable(tls, 'spec.tls', report)
  warnUnreachable(tcp, 'spec.tcp', report)
}

/** Without hosts it is one that others delegate to. */
function checkDelegate(spec: VirtualServiceSpec, report: Report): void {
  for (const name of ['gateways', 'tls', 'tcp'] as const) {
    if ((spec[name] ?? []).length > 0) {
      report.violation(`spec.${name}`, 'must not be given without hosts, where others delegate http routes to this one')
    }
  }
}

function checkHosts(spec: VirtualServiceSpec, known: HostSet, onGateway: boolean, report: Report): void {
  const hosts = spec.hosts ?? []
  const sni = (spec.tls ?? []).some(({ match }) => (match ?? []).some(({ sniHosts }) => (sniHosts ?? []).length > 0))
  let allValid = true
  for (const [index, host] of hosts.entries()) {
    const problem = hostProblem(host, onGateway, sni)
    if (problem === undefined) continue
    report.violation(item('spec.hosts', index), problem)
    allValid = false
  }
  if (allValid) checkDistinct(hosts, known, report)
}

function hostProblem(host: string, onGateway: boolean, sni: boolean): string | undefined {
  const problem = onGateway ? gatewayDomainProblem(host, sni) : wildcardDomainProblem(host)
  if (problem !== undefined) return isIpAddress(host) ? undefined : problem
  if (host === '*' && !onGateway) return 'must not be * alone where the VirtualService applies to the mesh: name hosts'
  return undefined
}

/** Two hosts overlap where they are the same or one is a wildcard that covers the other. */
function checkDistinct(hosts: readonly string[], known: HostSet, report: Report): void {
  const seen = new Map<string, number>()
  const reported = new Set<number>()
  for (const [index, host] of hosts.entries()) {
    const other = seen.get(host) ?? otherWildcard(host, index, known)
    seen.set(host, index)
    if (other === undefined) continue
    const later = Math.max(index, other)
    if (!reported.has(later)) {
      const earlier = hosts[Math.min(index, other)] as string
      report.violation(item('spec.hosts', later), `${quote(hosts[later] as string)} overlaps with ${quote(earlier)}`)
    }
    reported.add(later)
  }
}

function otherWildcard(host: string, index: number, known: HostSet): number | undefined {
  for (const found of known.wildcardsOver(host)) if (found !== index) return found
  return undefined
}
