import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Caller } from './caller.ts'

type Controller = Dispatcher.DispatchController

/**
 * A call that turned out, after a wait, to lead outside of the mesh: everything goes to its caller as it is. Its caller
 * has been given a controller before, so that this handler stands between.
 */
export class Passing implements Dispatcher.DispatchHandler {
  readonly #caller: Caller
  readonly #onEnd: () => void
  #controller: Controller | undefined
  #dropped: Error | undefined

  /** @param onEnd called once, before the caller hears of the end */
  constructor(caller: Caller, onEnd: () => void) {
    this.#caller = caller
    this.#onEnd = onEnd
  }

  /** Nobody waits any more. */
  drop(reason: Error): void {
    this.#dropped = reason
    this.#controller?.abort(reason)
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller
    if (this.#dropped !== undefined) controller.abort(this.#dropped)
  }

  onResponseStart(controller: Controller, status: number, headers: IncomingHttpHeaders, message?: string): void {
    if (status < 200) this.#caller.inform(status, headers, message)
    else this.#caller.respond(controller, status, headers, controller.rawHeaders, message)
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    this.#caller.data(chunk)
  }

  onResponseEnd(controller: Controller, trailers: IncomingHttpHeaders): void {
    this.#onEnd()
    this.#caller.end(trailers, controller.rawTrailers)
  }

  onRequestUpgrade(controller: Controller, status: number, headers: IncomingHttpHeaders, socket: Duplex): void {
    this.#onEnd()
    this.#caller.upgrade(status, headers, controller.rawHeaders, socket)
  }

  onResponseError(_controller: Controller, error: Error): void {
    if (this.#dropped !== undefined) return
    this.#onEnd()
    this.#caller.fail(error)
  }

  onResponseStarted(): void {
    this.#caller.responseStarted()
  }

  onBodySent(chunk: Buffer): void {
    this.#caller.bodySent(chunk)
  }

  onRequestSent(): void {
    this.#caller.requestSent()
  }
}
