import type { WorkloadRegistration } from '@weft/mesh-protocol'
import type { TimerHandle, Timers } from '../kernel/timers.ts'
import type { LocalDirectory } from './local-directory.ts'
import { createRegistrar, type Registrar, type RegistrarDeps } from './registrar.ts'

/** Cleaners of temporary folders take away what has not been touched for days. */
const TOUCH_INTERVAL_MS = 3_600_000

/**
 * A registrar whose workload is also put into the local directory, from the beginning, so that a host on which everything
 * starts anew finds itself without a control server; but not while the control server refuses it.
 */
export function createAnnouncedRegistrar(
  id: string,
  first: WorkloadRegistration,
  deps: RegistrarDeps & { readonly localDirectory: LocalDirectory },
): Registrar {
  let announced: WorkloadRegistration | undefined
  let leaving: Promise<void> | undefined
  const announce = (registration: WorkloadRegistration | undefined): void => {
    if (leaving !== undefined || registration === announced) return
    announced = registration
    if (registration === undefined) void deps.localDirectory.remove(id)
    else void deps.localDirectory.put(id, registration)
  }
  const leave = async (): Promise<void> => {
    touching.stop()
    await Promise.all([deps.localDirectory.remove(id), registrar.deregister()])
  }
  const touching = every(TOUCH_INTERVAL_MS, deps.timers, () => {
    if (announced !== undefined) void deps.localDirectory.put(id, announced)
  })
  const registrar = createRegistrar(id, first, {
    ...deps,
    onChange() {
      announce(registrar.lease.kind === 'refused' ? undefined : registrar.registration)
      deps.onChange()
    },
  })
  announce(first)
  return {
    get lease() {
      return registrar.lease
    },
    get registration() {
      return registrar.registration
    },
    replace(next) {
      registrar.replace(next)
      announce(next)
    },
    controlIsBack: registrar.controlIsBack,
    deregister() {
      leaving ??= leave()
      return leaving
    },
  }
}

function every(intervalMs: number, timers: Timers, action: () => void): { stop(): void } {
  let timer: TimerHandle | undefined
  const schedule = (): void => {
    timer = timers.set(() => {
      action()
      schedule()
    }, intervalMs)
  }
  schedule()
  return { stop: () => timers.clear(timer) }
}
