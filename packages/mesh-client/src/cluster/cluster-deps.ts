import type { Place } from '../balancing/locality-priorities.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Random } from '../kernel/random.ts'
import type { Recorder } from '../kernel/recorder.ts'
import type { SlicedWork } from '../kernel/sliced-work.ts'
import type { Timers } from '../kernel/timers.ts'
import type { EndpointState, Transport } from './types.ts'

/** What every cluster is given. */
export interface ClusterDeps {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly recorder: Recorder
  readonly transport: Transport
  /** Where large tables are built a slice at a time; shared by all clusters. */
  readonly work: SlicedWork
  /** Where this process runs, and what its workload is labelled. */
  readonly self: Place
  /** The endpoints of the service that this process belongs to; `undefined` where they are not known. */
  readonly callers: () => Iterable<EndpointState> | undefined
}
