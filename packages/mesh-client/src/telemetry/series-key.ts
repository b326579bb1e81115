import type { ServiceRef } from '@weft/mesh-protocol'
import { NOBODY_KNOWN, type Peer } from '../kernel/recorder.ts'
import { NO_SERVICE } from './istio-labels.ts'

/** Whose traffic a series counts. */
export interface Ends {
  readonly reporter: 'source' | 'destination'
  readonly service: ServiceRef | undefined
  readonly peer: Peer | undefined
}

/** The same for all that is counted under the same labels. To build it takes a microsecond: it is for what is told rarely. */
export function seriesKey({ reporter, service = NO_SERVICE, peer = NOBODY_KNOWN }: Ends): string {
  const { workload, namespace, app, version, canonicalService, canonicalRevision, cluster, mutualTls } = peer
  const named = [workload, namespace, app, version, canonicalService, canonicalRevision, cluster]
  const called = [service.host, service.name, service.namespace]
  return [reporter, ...called, mutualTls?.peer, mutualTls?.own, ...named].join('\n')
}
