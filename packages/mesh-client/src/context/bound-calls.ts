/** A call that is made for a request. */
export interface BoundCall {
  /** Whoever made the request has left: nobody waits for the call any more. */
  callerLeft(): void
}

/** The calls under way that are made for one request, so that they end with it when its caller leaves. */
export class BoundCalls {
  #left = false
  #calls: Set<BoundCall> | undefined = undefined

  /** False: the caller has left already. */
  add(call: BoundCall): boolean {
    if (this.#left) return false
    this.#calls ??= new Set()
    this.#calls.add(call)
    return true
  }

  delete(call: BoundCall): void {
    this.#calls?.delete(call)
  }

  callerLeft(): void {
    this.#left = true
    const calls = this.#calls
    this.#calls = undefined
    for (const call of calls ?? []) call.callerLeft()
  }
}
