import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { EndpointState } from '../../cluster/types.ts'
import type { Timers } from '../../kernel/timers.ts'
import type { Place } from './connection-gate.ts'

type Controller = Dispatcher.DispatchController

/** What an attempt tells the call it belongs to. */
export interface AttemptOwner {
  attemptInformed(status: number, headers: IncomingHttpHeaders, statusMessage: string | undefined): void
  attemptAnswered(
    attempt: Attempt,
    controller: Controller,
    status: number,
    headers: IncomingHttpHeaders,
    statusMessage: string | undefined,
  ): void
  attemptData(chunk: Buffer): void
  attemptCompleted(attempt: Attempt, controller: Controller, trailers: IncomingHttpHeaders): void
  attemptUpgraded(
    attempt: Attempt,
    controller: Controller,
    status: number,
    headers: IncomingHttpHeaders,
    socket: Duplex,
  ): void
  attemptFailed(attempt: Attempt, error: Error): void
  attemptBodySent(chunk: Buffer): void
  attemptRequestSent(): void
  attemptResponseStarted(): void
}

/** A response that nobody reads is read to its end up to this size, so that its connection can be used again. */
const DISCARD_LIMIT_BYTES = 64 * 1024

/** How long the end of such a response is waited for. */
const DISCARD_LIMIT_MS = 1_000

/** A response that runs out unread. */
interface Discard {
  bytes: number
  finish(): void
}

/**
 * One attempt of a call at one endpoint, in the form of the handler that undici calls. It outlives its call's interest
 * in it: what comes after that is swallowed.
 */
export class Attempt implements Dispatcher.DispatchHandler {
  /** `undefined` once the call has given this attempt up. */
  owner: AttemptOwner | undefined
  readonly state: EndpointState
  /** undici's, from the moment the request reaches a connection. */
  controller: Controller | undefined = undefined
  /** Whether any byte of a response has come. */
  responseStarted = false
  /** When it began, as long as what its endpoint answers is still to be told to whoever learns from it. */
  measuredFrom: number | undefined = undefined
  /** Where this attempt holds a place. */
  gate: Place | undefined = undefined
  #discard: Discard | undefined = undefined

  constructor(owner: AttemptOwner, state: EndpointState) {
    this.owner = owner
    this.state = state
  }

  /** Gives back its place at the cluster's connections; further calls do nothing. */
  leaveGate(): void {
    const { gate } = this
    if (gate === undefined) return
    this.gate = undefined
    gate.leave(this)
  }

  /** Its connection is the caller's from now on: the place is given back when that one is done with it. */
  handOver(socket: Duplex): void {
    const { gate } = this
    if (gate === undefined) return
    this.gate = undefined
    socket.once('close', () => gate.leave(this))
  }

  /** Nobody waits for this attempt any more: its connection is cut, or not used when it comes. */
  drop(reason: Error): void {
    this.owner = undefined
    this.leaveGate()
    this.controller?.abort(reason)
  }

  /** Nobody reads the response: lets it run out, within bounds, so that the connection stays usable. */
  discard(timers: Timers): void {
    this.owner = undefined
    this.leaveGate()
    const timer = timers.set(() => this.#cut(), DISCARD_LIMIT_MS)
    this.#discard = { bytes: 0, finish: () => timers.clear(timer) }
  }

  onRequestStart(controller: Controller): void {
    if (this.owner === undefined) {
      controller.abort(new Error('the call is over'))
      return
    }
    this.controller = controller
  }

  onResponseStarted(): void {
    this.responseStarted = true
    this.owner?.attemptResponseStarted()
  }

  onBodySent(chunk: Buffer): void {
    this.owner?.attemptBodySent(chunk)
  }

  onRequestSent(): void {
    this.owner?.attemptRequestSent()
  }

  onResponseStart(controller: Controller, status: number, headers: IncomingHttpHeaders, statusMessage?: string): void {
    const { owner } = this
    if (owner === undefined) return
    if (status < 200) owner.attemptInformed(status, headers, statusMessage)
    else owner.attemptAnswered(this, controller, status, headers, statusMessage)
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    const { owner } = this
    if (owner !== undefined) {
      owner.attemptData(chunk)
      return
    }
    const discard = this.#discard
    if (discard === undefined) return
    discard.bytes += chunk.length
    if (discard.bytes > DISCARD_LIMIT_BYTES) this.#cut()
  }

  onResponseEnd(controller: Controller, trailers: IncomingHttpHeaders): void {
    this.#discard?.finish()
    const { owner } = this
    this.owner = undefined
    owner?.attemptCompleted(this, controller, trailers)
    this.controller = undefined
  }

  onRequestUpgrade(controller: Controller, status: number, headers: IncomingHttpHeaders, socket: Duplex): void {
    const { owner } = this
    if (owner === undefined) socket.destroy()
    else owner.attemptUpgraded(this, controller, status, headers, socket)
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.#discard?.finish()
    const { owner } = this
    this.owner = undefined
    owner?.attemptFailed(this, error)
    this.controller = undefined
  }

  #cut(): void {
    this.controller?.abort(new Error('the response is not needed'))
  }
}
