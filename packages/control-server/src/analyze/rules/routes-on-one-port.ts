import { item } from '../../config/field-path.ts'
import type { KnownPort } from '../../config/references.ts'
import {
  attachesToPort,
  type CommonRouteSpec,
  canRule,
  isServiceParent,
  type ParentReference,
  ROUTE_KINDS,
  type RouteKind,
  referencedHost,
} from '../../config/spec/gateway/references.ts'
import type { Finding, Subject } from '../finding.ts'
import { groupBy } from '../group-by.ts'
import { type MeshView, subjectName } from '../mesh-view.ts'
import { PortsOfHosts } from '../ports-of-hosts.ts'

/** Of more rivals than this the others are not named. */
const MAX_NAMED = 10

/** Of more than this the others are not looked at: all pairs of thousands would take forever. */
const MAX_LOOKED_AT = 100

/** A reference by which a route rules ports of a host, for the callers of a namespace. */
interface Attached {
  readonly subject: Subject<CommonRouteSpec>
  readonly kind: RouteKind
  /** The place of the kind among {@link ROUTE_KINDS}. */
  readonly rank: number
  readonly parent: ParentReference
  readonly field: string
  readonly host: string
}

/** WEFT0308: routes of several kinds on one port; those of the others have no effect there. */
export function* routesOnOnePort(view: MeshView): Generator<Finding> {
  const ports = new PortsOfHosts(view)
  const scope = ({ host, subject }: Attached): string => `${host} ${subject.resource.metadata.namespace}`
  for (const group of groupBy(attachedRoutes(view), scope).values()) {
    const others = ROUTE_KINDS.map((_, rank) => group.filter((other) => other.rank !== rank).slice(0, MAX_LOOKED_AT))
    for (const attached of group) {
      const rivals = others[attached.rank] ?? []
      let named = 0
      for (const rival of rivals) {
        const port = sharedPort(attached, rival, ports.of(attached.host) ?? [])
        if (port === undefined) continue
        const [winner, loser] = attached.rank < rival.rank ? [attached, rival] : [rival, attached]
        const message = `port ${port.number} of ${attached.host} is ruled by ${subjectName(winner.subject)} alone, not by ${subjectName(loser.subject)}`
        yield { code: 'WEFT0308', subject: attached.subject, field: attached.field, message }
        if (++named === MAX_NAMED) break
      }
    }
  }
}

function* attachedRoutes({ ofKind, domain }: MeshView): Generator<Attached> {
  for (const [rank, kind] of ROUTE_KINDS.entries()) {
    for (const subject of ofKind<CommonRouteSpec>(kind)) {
      const { spec, metadata } = subject.resource
      for (const [index, parent] of (spec.parentRefs ?? []).entries()) {
        if (!isServiceParent(parent)) continue
        const host = referencedHost(parent, metadata.namespace, domain)
        yield { subject, kind, rank, parent, field: item('spec.parentRefs', index), host }
      }
    }
  }
}

function sharedPort(a: Attached, b: Attached, ports: readonly KnownPort[]): KnownPort | undefined {
  return ports.find((port) => [a, b].every(({ parent, kind }) => attachesToPort(parent, port) && canRule(kind, port)))
}
