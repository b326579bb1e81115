import { item } from '../config/field-path.ts'
import { isWildcardHost } from '../config/host-name.ts'
import { bindsMesh } from '../config/mesh-gateway.ts'
import type { VirtualServiceSpec } from '../config/spec/virtual-service.ts'
import type { Subject } from './finding.ts'
import type { MeshView } from './mesh-view.ts'

/** A host that a VirtualService rules for calls within the mesh. */
export interface ClaimedHost {
  readonly subject: Subject<VirtualServiceSpec>
  /** Fully qualified, or a wildcard. */
  readonly host: string
  readonly field: string
  readonly visible: Visible
}

/** The namespaces whose clients see a resource. */
export type Visible = 'all' | ReadonlySet<string>

export function hostsClaimed({ ofKind, fullHost }: MeshView): ClaimedHost[] {
  return ofKind<VirtualServiceSpec>('VirtualService').flatMap((subject) => {
    const { spec, metadata } = subject.resource
    if (!bindsMesh(spec.gateways)) return []
    const visible = visibleTo(spec.exportTo, metadata.namespace)
    return (spec.hosts ?? []).map((host, index) => ({
      subject,
      host: isWildcardHost(host) ? host.toLowerCase() : fullHost(host, metadata.namespace),
      field: item('spec.hosts', index),
      visible,
    }))
  })
}

export function visibleTo(exportTo: readonly string[] | undefined, namespace: string): Visible {
  if (exportTo === undefined || exportTo.length === 0 || exportTo.includes('*')) return 'all'
  return new Set(exportTo.filter((name) => name !== '~').map((name) => (name === '.' ? namespace : name)))
}

/** Whether there are clients who see both. */
export function seenTogether(a: Visible, b: Visible): boolean {
  if (a === 'all') return b === 'all' || b.size > 0
  if (b === 'all') return a.size > 0
  return [...a].some((namespace) => b.has(namespace))
}
