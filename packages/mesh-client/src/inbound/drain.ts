import type { Clock } from '../kernel/clock.ts'
import type { TimerHandle, Timers } from '../kernel/timers.ts'
import {
  DEREGISTER_TIMEOUT_MS,
  DRAIN_TIMEOUT_MS,
  type DrainPhase,
  type DrainPlan,
  drainPhase,
  planDrain,
} from './drain-plan.ts'
import type { Registration } from './registration.ts'

/** How often unused connections are looked through while draining. */
const SWEEP_MS = 50

export interface CloseOptions {
  /**
   * Milliseconds until what is still open is cut, 0 or more; all that closing takes is within. Default 10000. A later
   * call can only shorten it.
   */
  readonly timeoutMs?: number | undefined
  /** Cuts what is still open at once; the promise resolves all the same. */
  readonly signal?: AbortSignal | undefined
}

/** A listening server, as far as draining it goes. */
export interface DrainTarget {
  readonly openConnections: number
  /** When a connection was last open; `-Infinity`: never. */
  readonly lastConnectedAt: number
  /** Told once, before anything else is done. */
  closing?(): void
  /** From now on responses tell the client to leave the connection. */
  announceClose(): void
  /** Takes no new connections. Resolves when the server has closed. Idempotent. */
  stopListening(): Promise<void>
  /** Ends connections without a request on them since before their grace. */
  closeIdle(plan: DrainPlan, now: number): void
  /** Cuts all connections. */
  destroyAll(): void
  /** Sets what is called when the last connection has gone. */
  onEmpty(callback: () => void): void
}

export interface DrainDeps {
  readonly clock: Clock
  readonly timers: Timers
  readonly drainDelayMs: number
}

/** Takes one server out of service without failing a request. Made when the server listens; runs once. */
export class Drain {
  readonly #target: DrainTarget
  readonly #registration: Registration
  readonly #deps: DrainDeps
  #deadline = Number.POSITIVE_INFINITY
  #running: Promise<void> | undefined
  #wake: () => void = () => undefined

  constructor(target: DrainTarget, registration: Registration, deps: DrainDeps) {
    this.#target = target
    this.#registration = registration
    this.#deps = deps
  }

  get started(): boolean {
    return this.#running !== undefined
  }

  close(options: CloseOptions = {}): Promise<void> {
    const { timeoutMs, signal } = options
    if (!this.started || timeoutMs !== undefined) this.#shorten(timeoutMs ?? DRAIN_TIMEOUT_MS)
    if (!this.started) this.#target.closing?.()
    this.#running ??= this.#run()
    if (signal !== undefined) this.#heed(signal)
    return this.#running
  }

  #shorten(timeoutMs: number): void {
    this.#deadline = Math.min(this.#deadline, this.#deps.clock.now() + timeoutMs)
    this.#wake()
  }

  #heed(signal: AbortSignal): void {
    const cut = (): void => this.#shorten(0)
    if (signal.aborted) cut()
    else {
      signal.addEventListener('abort', cut, { once: true })
      void this.#running?.finally(() => signal.removeEventListener('abort', cut))
    }
  }

  async #run(): Promise<void> {
    const { clock, drainDelayMs } = this.#deps
    this.#target.onEmpty(() => this.#wake())
    const wasRegistered = this.#registration.registered
    const inUse = this.#target.openConnections > 0 || clock.now() - this.#target.lastConnectedAt < drainDelayMs
    await this.#wait(clock.now() + DEREGISTER_TIMEOUT_MS, this.#registration.deregister())
    const now = clock.now()
    const plan = planDrain({ drainDelayMs, wasRegistered, inUse }, now, Math.max(0, this.#deadline - now))
    await this.#follow(plan)
    await this.#target.stopListening()
  }

  /** Does what each phase asks for until nothing is left open. */
  async #follow(plan: DrainPlan): Promise<void> {
    const { clock } = this.#deps
    for (;;) {
      const now = clock.now()
      const current = { ...plan, deadline: Math.min(plan.deadline, this.#deadline) }
      const phase = drainPhase(current, this.#target.openConnections, now)
      this.#enter(phase, current, now)
      if (phase === 'closed' || phase === 'cut') return
      await this.#wait(phase === 'delay' ? Math.min(plan.announceAt, current.deadline) : now + SWEEP_MS)
    }
  }

  #enter(phase: DrainPhase, plan: DrainPlan, now: number): void {
    if (phase === 'delay') return
    this.#target.announceClose()
    if (phase === 'finish' || phase === 'cut') void this.#target.stopListening()
    if (phase === 'cut') this.#target.destroyAll()
    else this.#target.closeIdle(plan, now)
  }

  /** Until the moment, the event, the deadline or a call that shortens the deadline. */
  #wait(until: number, event?: Promise<void>): Promise<void> {
    const { clock, timers } = this.#deps
    return new Promise((resolve) => {
      let timer: TimerHandle | undefined
      const done = (): void => {
        timers.clear(timer)
        this.#wake = () => undefined
        resolve()
      }
      this.#wake = done
      const delayMs = Math.max(0, Math.min(until, this.#deadline) - clock.now())
      timer = timers.set(done, Math.ceil(delayMs), { holdsLoop: true })
      void event?.then(done)
    })
  }
}
