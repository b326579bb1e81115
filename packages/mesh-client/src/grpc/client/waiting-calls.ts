import { GRPC_STATUS } from '@weft/mesh-protocol'

/** A call that its channel may end. */
export interface EndableCall {
  cancelWithStatus(code: number, details: string): void
}

/** The calls of one channel that wait for something other than their server, so that closing the channel ends them. */
export class WaitingCalls {
  readonly #calls = new Set<EndableCall>()
  #closed = false

  /** False: the channel is closed, and nothing waits on it any more. */
  add(call: EndableCall): boolean {
    if (!this.#closed) this.#calls.add(call)
    return !this.#closed
  }

  delete(call: EndableCall): void {
    this.#calls.delete(call)
  }

  close(): void {
    this.#closed = true
    const calls = [...this.#calls]
    this.#calls.clear()
    for (const call of calls) call.cancelWithStatus(GRPC_STATUS.UNAVAILABLE, 'Channel closed before call started')
  }
}
