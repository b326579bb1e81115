import type { ReadinessProbe, WorkloadHealth } from '@weft/mesh-protocol'
import type { Clock } from '../kernel/clock.ts'
import type { HealthCheckOutcome } from '../kernel/recorder.ts'
import type { TimerHandle, Timers } from '../kernel/timers.ts'
import { afterTry, type ReadinessState, UNPROBED } from './readiness.ts'

export interface ReadinessRunnerDeps {
  readonly clock: Clock
  readonly timers: Timers
  /** Tries once. Never rejects. */
  readonly attempt: (probe: ReadinessProbe) => Promise<HealthCheckOutcome>
  /** The verdict is another; `outcome` is that of the try which made it so. */
  readonly onVerdict: (health: WorkloadHealth, outcome: HealthCheckOutcome) => void
}

/** Runs one readiness probe, one try after the other. No timer of it keeps the process alive. */
export class ReadinessRunner {
  readonly #deps: ReadinessRunnerDeps
  #probe: ReadinessProbe | undefined
  #state: ReadinessState = UNPROBED
  #timer: TimerHandle | undefined

  constructor(deps: ReadinessRunnerDeps) {
    this.#deps = deps
  }

  get health(): WorkloadHealth {
    return this.#state.health
  }

  /** Begins with another probe; what the one before has found holds until this one has. Without a probe nothing is known. */
  use(probe: ReadinessProbe | undefined): void {
    this.#deps.timers.clear(this.#timer)
    this.#timer = undefined
    this.#probe = probe
    this.#state = probe === undefined ? UNPROBED : { ...UNPROBED, health: this.health }
    if (probe !== undefined) this.#schedule(probe, probe.initialDelayMs)
  }

  #schedule(probe: ReadinessProbe, delayMs: number): void {
    this.#timer = this.#deps.timers.set(() => void this.#run(probe), delayMs)
  }

  async #run(probe: ReadinessProbe): Promise<void> {
    const { clock } = this.#deps
    const startedAt = clock.now()
    const outcome = await this.#deps.attempt(probe)
    if (this.#probe !== probe) return
    this.#schedule(probe, Math.max(0, probe.periodMs - (clock.now() - startedAt)))
    const before = this.health
    this.#state = afterTry(probe, this.#state, outcome === 'passed')
    if (this.health !== before) this.#deps.onVerdict(this.health, outcome)
  }
}
