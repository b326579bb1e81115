import { item } from '../../config/field-path.ts'
import {
  type CommonRouteSpec,
  isServiceParent,
  ROUTE_KINDS,
  referencedHost,
} from '../../config/spec/gateway/references.ts'
import type { Finding, Subject } from '../finding.ts'
import { groupBy } from '../group-by.ts'
import { type ClaimedHost, hostsClaimed } from '../hosts-claimed.ts'
import { type MeshView, subjectName } from '../mesh-view.ts'

/** Of more rivals for a host than this, the others are not named: all pairs of thousands would fill the memory. */
const MAX_NAMED = 10

/** A reference by which a route rules a host. */
interface Attached {
  readonly subject: Subject<CommonRouteSpec>
  readonly field: string
  readonly host: string
}

/** WEFT0304: a host that a route of Gateway API and a VirtualService rule. */
export function* routesAndVirtualServices(view: MeshView): Generator<Finding> {
  const claims = groupBy(hostsClaimed(view), ({ host }) => host)
  for (const kind of ROUTE_KINDS) {
    const attached = groupBy(attachedOf(view.ofKind<CommonRouteSpec>(kind), view.domain), ({ host }) => host)
    for (const [host, routes] of attached) yield* ofHost(host, routes, claims.get(host) ?? [])
  }
}

function attachedOf(subjects: readonly Subject<CommonRouteSpec>[], domain: string): readonly Attached[] {
  return subjects.flatMap((subject) => {
    const { spec, metadata } = subject.resource
    return (spec.parentRefs ?? []).flatMap((parent, index): Attached[] => {
      if (!isServiceParent(parent)) return []
      const host = referencedHost(parent, metadata.namespace, domain)
      return [{ subject, field: item('spec.parentRefs', index), host }]
    })
  })
}

function* ofHost(host: string, routes: readonly Attached[], claims: readonly ClaimedHost[]): Generator<Finding> {
  const code = 'WEFT0304'
  const both = (rival: Subject<unknown>): string => `${host} is ruled by both this and ${subjectName(rival)}`
  const firstClaims = claims.slice(0, MAX_NAMED)
  for (const { subject, field } of routes)
    for (const claim of firstClaims) yield { code, subject, field, message: both(claim.subject) }
  const firstRoutes = routes.slice(0, MAX_NAMED)
  for (const { subject, field } of claims)
    for (const route of firstRoutes) yield { code, subject, field, message: both(route.subject) }
}
