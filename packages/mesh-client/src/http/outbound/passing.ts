import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Attempt, AttemptOwner } from './attempt.ts'
import type { Caller } from './caller.ts'

type Controller = Dispatcher.DispatchController

/**
 * A call that turned out, after a wait, to lead outside of the mesh: everything goes to its caller as it is.
 *
 * @param onEnd called once, before the caller hears of the end
 */
export class Passing implements AttemptOwner {
  readonly #caller: Caller
  readonly #onEnd: () => void

  constructor(caller: Caller, onEnd: () => void) {
    this.#caller = caller
    this.#onEnd = onEnd
  }

  attemptInformed(status: number, headers: IncomingHttpHeaders, statusMessage: string | undefined): void {
    this.#caller.inform(status, headers, statusMessage)
  }

  attemptAnswered(
    _attempt: Attempt,
    controller: Controller,
    status: number,
    headers: IncomingHttpHeaders,
    statusMessage: string | undefined,
  ): void {
    this.#caller.upstream = controller
    this.#caller.respond(status, headers, controller.rawHeaders ?? null, statusMessage)
  }

  attemptData(chunk: Buffer): void {
    this.#caller.data(chunk)
  }

  attemptCompleted(_attempt: Attempt, controller: Controller, trailers: IncomingHttpHeaders): void {
    this.#onEnd()
    this.#caller.end(trailers, controller.rawTrailers ?? null)
  }

  attemptUpgraded(
    _attempt: Attempt,
    controller: Controller,
    status: number,
    headers: IncomingHttpHeaders,
    socket: Duplex,
  ): void {
    this.#onEnd()
    this.#caller.upgrade(status, headers, controller.rawHeaders ?? null, socket)
  }

  attemptFailed(_attempt: Attempt, error: Error): void {
    this.#onEnd()
    this.#caller.fail(error)
  }

  attemptBodySent(chunk: Buffer): void {
    this.#caller.bodySent(chunk)
  }

  attemptRequestSent(): void {
    this.#caller.requestSent()
  }

  attemptResponseStarted(): void {
    this.#caller.responseStarted()
  }
}
