import { type IncomingHttpHeaders, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import { asError } from '../../kernel/as-error.ts'
import { errors } from '../undici.ts'
import type { LocalReply } from './local-reply.ts'

type Controller = Dispatcher.DispatchController

/** Stands for the handler of a call that is over. */
const GONE: Dispatcher.DispatchHandler = {}

/** Names and values in turn, as they came. */
export type Raw = Exclude<Controller['rawHeaders'], undefined>

/**
 * The caller's side of a call: its handler, and the controller that it is given before anything else happens, so that it
 * can give up at every stage. Pausing and resuming reach whatever connection serves the call at that moment.
 */
export abstract class Caller implements Controller {
  #handler: Dispatcher.DispatchHandler
  /** undici's controller of the attempt whose response is being read. */
  #upstream: Controller | undefined = undefined
  #thrown: unknown = undefined
  rawHeaders: Raw = null
  rawTrailers: Raw = null
  paused = false
  aborted = false
  reason: Error | null = null

  constructor(handler: Dispatcher.DispatchHandler) {
    this.#handler = handler
  }

  /** The caller has given up. */
  protected abstract abandoned(reason: Error | undefined): void

  /** The response is its head alone; without an upstream it is the mesh's own, all of which is there. */
  get headOnly(): boolean {
    const upstream: (Controller & { readonly headOnly?: boolean }) | undefined = this.#upstream
    return upstream === undefined || upstream.headOnly === true
  }

  pause(): void {
    this.paused = true
    this.#upstream?.pause()
  }

  resume(): void {
    this.paused = false
    this.#upstream?.resume()
  }

  abort(reason?: Error): void {
    if (this.aborted) return
    this.aborted = true
    this.reason = reason ?? null
    this.abandoned(reason)
  }

  /** Hands the controller over. */
  begin(): void {
    this.#handler.onRequestStart?.(this, null)
  }

  inform(status: number, headers: IncomingHttpHeaders, statusMessage: string | undefined): void {
    this.#handler.onResponseStart?.(this, status, headers, statusMessage)
  }

  respond(
    upstream: Controller | undefined,
    status: number,
    headers: IncomingHttpHeaders,
    raw: Raw | undefined,
    statusMessage: string | undefined,
  ): void {
    this.#upstream = upstream
    this.rawHeaders = raw ?? null
    if (this.paused) upstream?.pause()
    try {
      this.#handler.onResponseStart?.(this, status, headers, statusMessage)
    } catch (error) {
      this.#thrown = error
      throw error
    }
  }

  data(chunk: Buffer): void {
    try {
      this.#handler.onResponseData?.(this, chunk)
    } catch (error) {
      this.#thrown = error
      throw error
    }
  }

  /** Whether an error comes from the handler itself: undici ends a request with what its handler throws. */
  hasThrown(error: unknown): boolean {
    return this.#thrown !== undefined && this.#thrown === error
  }

  /** A handler that throws is told of its own error, as by undici. */
  end(trailers: IncomingHttpHeaders, raw: Raw | undefined): void {
    this.#upstream = undefined
    this.rawTrailers = raw ?? null
    try {
      this.#handler.onResponseEnd?.(this, trailers)
    } catch (error) {
      this.fail(asError(error))
      return
    }
    this.#forget()
  }

  upgrade(status: number, headers: IncomingHttpHeaders, raw: Raw | undefined, socket: Duplex): void {
    this.rawHeaders = raw ?? null
    this.#handler.onRequestUpgrade?.(this, status, headers, socket)
  }

  fail(error: Error): void {
    this.#upstream = undefined
    const handler = this.#handler
    this.#forget()
    handler.onResponseError?.(this, error)
  }

  /** Gives a response that no upstream has sent; a handler that throws or gives up is told so, as by undici. */
  reply(reply: LocalReply, withBody: boolean): void {
    try {
      if (!this.aborted) {
        this.respond(undefined, reply.status, reply.head.headers, reply.head.raw, STATUS_CODES[reply.status] ?? '')
      }
      if (withBody && !this.aborted && reply.body.length > 0) this.data(reply.body)
    } catch (error) {
      this.fail(asError(error))
      return
    }
    if (this.aborted) this.fail(this.reason ?? new errors.RequestAbortedError())
    else this.end({}, [])
  }

  bodySent(chunk: Buffer): void {
    this.#handler.onBodySent?.(chunk)
  }

  requestSent(): void {
    this.#handler.onRequestSent?.()
  }

  responseStarted(): void {
    this.#handler.onResponseStarted?.()
  }

  /**
   * The body that a caller reads keeps its controller, and V8 has a way of placing what all calls make alike among its old
   * objects, where it keeps alive all that it leads to: a call that is over leads nowhere. That is a quarter of a call's CPU.
   */
  #forget(): void {
    this.#handler = GONE
    this.rawHeaders = null
    this.rawTrailers = null
  }
}
