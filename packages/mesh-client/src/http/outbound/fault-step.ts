import type { Fault } from '@weft/mesh-protocol'
import { type FaultAbort, faultAbort, faultDelay } from '../../call/fault.ts'
import type { ClusterRuntime } from '../../cluster/types.ts'
import type { ResponseFlag } from '../../kernel/errors.ts'
import type { TimerHandle } from '../../kernel/timers.ts'
import type { CompiledDestination } from '../../routing/route-table.ts'
import type { Environment, PausedCall } from './environment.ts'

/** The call that a fault happens to. */
export interface FaultyCall extends PausedCall {
  flag(flag: ResponseFlag): void
  /** Its time ran out during the delay. */
  outOfTime(): void
  failOnPurpose(abort: FaultAbort): void
  /** Nothing more happens to it on purpose. */
  spared(now: number): void
}

/**
 * The failures on purpose of one call: before anything else that its route says, so that they are neither retried nor
 * taught to anybody. First the delay, which is part of the time that the call has, and then the abort.
 */
export class FaultStep {
  readonly #env: Environment
  readonly #fault: Fault
  readonly #service: string
  readonly #call: FaultyCall
  /** Where the call goes if it is spared; policy may name it no more by then. */
  readonly destination: CompiledDestination | undefined
  readonly cluster: ClusterRuntime | undefined
  #timer: TimerHandle | undefined

  /** @param service for telemetry: the host that is called */
  constructor(env: Environment, fault: Fault, service: string, call: FaultyCall, destination?: CompiledDestination) {
    this.#env = env
    this.#fault = fault
    this.#service = service
    this.#call = call
    this.destination = destination
    this.cluster = destination === undefined ? undefined : env.deps.clusters.get(destination.cluster)
    this.cluster?.hold()
  }

  /** @param deadline when the call has to be over */
  start(now: number, deadline: number): void {
    const { random, recorder, timers, clock } = this.#env.deps
    const delayMs = faultDelay(this.#fault, random)
    if (delayMs === 0) {
      this.#afterDelay(now)
      return
    }
    this.#call.flag('DI')
    recorder.fault(this.#service, 'delay')
    const leftMs = deadline - now
    const end = (): void => {
      this.#env.paused.delete(this.#call)
      if (delayMs < leftMs) this.#afterDelay(clock.now())
      else this.#call.outOfTime()
    }
    this.#env.paused.add(this.#call)
    this.#timer = timers.set(end, Math.max(0, Math.ceil(Math.min(delayMs, leftMs))), { holdsLoop: true })
  }

  /** The call is over. */
  stop(): void {
    this.#env.paused.delete(this.#call)
    this.#env.deps.timers.clear(this.#timer)
    this.cluster?.unhold()
  }

  #afterDelay(now: number): void {
    const abort = faultAbort(this.#fault, this.#env.deps.random)
    if (abort === undefined) {
      this.#call.spared(now)
      return
    }
    this.#env.deps.recorder.fault(this.#service, 'abort')
    this.#call.flag('FI')
    this.#call.failOnPurpose(abort)
  }
}
