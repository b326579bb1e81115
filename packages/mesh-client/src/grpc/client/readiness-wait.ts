import { GRPC_WAIT_FOR_READY_BACK_OFF } from '@weft/mesh-protocol'
import { fullJitterDelay } from '../../kernel/backoff.ts'
import type { TimerHandle } from '../../kernel/timers.ts'
import type { MeshInternals } from '../../mesh/internals.ts'

/** Where one call waits until its service may be there: until policy changes, or for a pause that grows. */
export class ReadinessWait {
  readonly #internals: MeshInternals
  #timer: TimerHandle | undefined = undefined
  #stopListening: (() => void) | undefined = undefined
  #waits = 0

  constructor(internals: MeshInternals) {
    this.#internals = internals
  }

  start(again: () => void): void {
    const { timers, random, policy } = this.#internals
    const done = (): void => {
      this.stop()
      again()
    }
    this.#timer = timers.set(done, fullJitterDelay(GRPC_WAIT_FOR_READY_BACK_OFF, ++this.#waits, random), {
      holdsLoop: true,
    })
    this.#stopListening = policy.onChange(done)
  }

  stop(): void {
    this.#internals.timers.clear(this.#timer)
    this.#timer = undefined
    this.#stopListening?.()
    this.#stopListening = undefined
  }
}
