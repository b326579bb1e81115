import type { PolicySelection } from '../../config/spec/selection.ts'
import type { Finding } from '../finding.ts'
import type { MeshView } from '../mesh-view.ts'
import { isForWorkloads, selectedWorkloads } from '../selected-workloads.ts'

const KINDS = ['PeerAuthentication', 'RequestAuthentication', 'AuthorizationPolicy'] as const

/** WEFT0504: policies for workloads that are not there. */
export function* unmatchedSelectors({ ofKind, workloads }: MeshView): Generator<Finding> {
  if (workloads === undefined) return
  for (const kind of KINDS) {
    for (const subject of ofKind<PolicySelection>(kind)) {
      const labels = Object.entries(subject.resource.spec.selector?.matchLabels ?? {})
      if (labels.length === 0 || !isForWorkloads(subject) || selectedWorkloads(subject, workloads).length > 0) continue
      const wanted = labels.map(([key, value]) => `${key}=${value}`).join(', ')
      yield { code: 'WEFT0504', subject, field: 'spec.selector', message: `no workload has ${wanted}` }
    }
  }
}
