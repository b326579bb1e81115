import { serviceHost } from '@weft/mesh-protocol'
import { item } from '../../config/field-path.ts'
import type { ServiceEntrySpec } from '../../config/spec/service-entry.ts'
import type { Finding, Subject } from '../finding.ts'
import { groupBy } from '../group-by.ts'
import { seenTogether, type Visible, visibleTo } from '../hosts-claimed.ts'
import { type MeshView, subjectName } from '../mesh-view.ts'

/** A host that a Service or ServiceEntry defines. */
interface Definition {
  readonly subject: Subject<unknown>
  readonly host: string
  readonly field: string
  readonly visible: Visible
}

/** WEFT0307: a host that is defined more than once for the same clients. */
export function* conflictingServices(view: MeshView): Generator<Finding> {
  for (const definitions of groupBy(definitionsOf(view), ({ host }) => host).values()) {
    for (const { subject, host, field, visible } of definitions) {
      const other = definitions
        .slice(0, MAX_COMPARED)
        .find((each) => each.subject !== subject && seenTogether(each.visible, visible))
      if (other === undefined) continue
      yield { code: 'WEFT0307', subject, field, message: `${host} is defined by ${subjectName(other.subject)} as well` }
    }
  }
}

/** More definitions of one host are not compared with each other: it takes the square of their number. */
const MAX_COMPARED = 100

function* definitionsOf({ ofKind, domain }: MeshView): Generator<Definition> {
  for (const subject of ofKind('Service')) {
    const { name, namespace } = subject.resource.metadata
    yield { subject, host: serviceHost(name, namespace, domain), field: 'metadata.name', visible: 'all' }
  }
  for (const subject of ofKind<ServiceEntrySpec>('ServiceEntry')) {
    const { spec, metadata } = subject.resource
    const visible = visibleTo(spec.exportTo, metadata.namespace)
    for (const [index, host] of spec.hosts.entries()) {
      yield { subject, host: host.toLowerCase(), field: item('spec.hosts', index), visible }
    }
  }
}
