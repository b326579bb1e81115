import { KNOWN_SERVICE_RETENTION_MS } from '@weft/mesh-protocol'
import type { TimerHandle, Timers } from '../kernel/timers.ts'
import { KNOWN_SERVICES } from '../store/keys.ts'
import type { Entry, Operation, Store } from '../store/store.ts'
import { type KnownService, knownServiceOf, SEEN_STEP_MS, seenAt } from './known-service.ts'
import type { Model, Workload } from './model.ts'

const PERIOD_MS = 600_000

/**
 * What is to become of one known service: refreshed, and rid of ports that nobody offers any more, while it has workloads;
 * deleted when its last one has been gone for {@link KNOWN_SERVICE_RETENTION_MS}; else left (`undefined`).
 */
export function reviewKnownService(
  entry: Entry,
  workloads: readonly Workload[],
  wallNow: number,
): Operation | undefined {
  const { ports, seenAtMs } = knownServiceOf(entry)
  if (workloads.length === 0) {
    const isOver = wallNow - seenAtMs > KNOWN_SERVICE_RETENTION_MS + SEEN_STEP_MS
    return isOver ? { type: 'delete', key: entry.key } : undefined
  }
  const offered = new Set(workloads.flatMap((workload) => workload.ports.map(({ servicePort }) => servicePort)))
  const kept: KnownService = { ports: ports.filter(({ number }) => offered.has(number)), seenAtMs: seenAt(wallNow) }
  return { type: 'put', key: entry.key, value: JSON.stringify(kept) }
}

/** Reviews every known service once. A service that a registration touches meanwhile is left for the next time. */
export async function cleanUpKnownServices(store: Store, model: Model, wallNow: number): Promise<void> {
  const byService = new Map<string, Workload[]>()
  for (const workload of model.workloads.values()) {
    const name = `${KNOWN_SERVICES}${workload.namespace}/${workload.service}`
    const others = byService.get(name)
    if (others === undefined) byService.set(name, [workload])
    else others.push(workload)
  }
  const { entries } = await store.list(KNOWN_SERVICES)
  for (const entry of entries) {
    const operation = reviewKnownService(entry, byService.get(entry.key) ?? [], wallNow)
    if (operation !== undefined) await store.commit([{ key: entry.key, modRevision: entry.modRevision }], [operation])
  }
}

/** Reviews them every ten minutes until the returned function is called. */
export function keepKnownServicesClean(options: {
  readonly store: Store
  readonly model: () => Model
  readonly timers: Timers
  readonly wallNow: () => number
  readonly onError: (error: unknown) => void
}): () => void {
  let timer: TimerHandle | undefined
  const schedule = (): void => {
    timer = options.timers.set(() => {
      schedule()
      cleanUpKnownServices(options.store, options.model(), options.wallNow()).catch(options.onError)
    }, PERIOD_MS)
  }
  schedule()
  return () => options.timers.clear(timer)
}
