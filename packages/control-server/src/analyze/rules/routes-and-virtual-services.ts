import { serviceHost } from '@weft/mesh-protocol'
import { item } from '../../config/field-path.ts'
import { type CommonRouteSpec, isServiceParent } from '../../config/spec/gateway/references.ts'
import type { Finding, Subject } from '../finding.ts'
import { groupBy } from '../group-by.ts'
import { type ClaimedHost, hostsClaimed } from '../hosts-claimed.ts'
import { type MeshView, subjectName } from '../mesh-view.ts'

/** The kinds of Gateway API that may attach to a Service, as a VirtualService rules a host. */
const ROUTE_KINDS = ['HTTPRoute', 'TLSRoute', 'TCPRoute'] as const

/** WEFT0304: a host that a route of Gateway API and a VirtualService rule. */
export function* routesAndVirtualServices(view: MeshView): Generator<Finding> {
  const byHost = groupBy(hostsClaimed(view), ({ host }) => host)
  for (const kind of ROUTE_KINDS) {
    for (const subject of view.ofKind<CommonRouteSpec>(kind)) yield* ofRoute(subject, byHost, view.domain)
  }
}

function* ofRoute(
  subject: Subject<CommonRouteSpec>,
  byHost: ReadonlyMap<string, readonly ClaimedHost[]>,
  domain: string,
): Generator<Finding> {
  const { spec, metadata } = subject.resource
  for (const [index, parent] of (spec.parentRefs ?? []).entries()) {
    if (!isServiceParent(parent)) continue
    const host = serviceHost(parent.name, parent.namespace ?? metadata.namespace, domain)
    for (const claim of byHost.get(host) ?? []) {
      const both = `${host} is ruled by both`
      const field = item('spec.parentRefs', index)
      yield { code: 'WEFT0304', subject, field, message: `${both} this and ${subjectName(claim.subject)}` }
      const message = `${both} this and ${subjectName(subject)}`
      yield { code: 'WEFT0304', subject: claim.subject, field: claim.field, message }
    }
  }
}
