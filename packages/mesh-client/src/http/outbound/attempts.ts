import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import { attemptDeadline, EXPECTED_TIMEOUT_HEADER, expectedTimeout, NEVER } from '../../call/deadline.ts'
import { ABORTED, LOCAL_OVERFLOW, responseOutcome, TIMED_OUT } from '../../call/outcome.ts'
import { type RetriedCall, RetryDue, retryLoop } from '../../call/retry-loop.ts'
import { type AttemptEnd, decideRetry, maxFurtherAttempts, type RetryDecision } from '../../call/retry-policy.ts'
import type { ClusterRuntime, EndpointState, Outcome, PickContext } from '../../cluster/types.ts'
import { fullJitterDelay } from '../../kernel/backoff.ts'
import type { MeshErrorCode, ResponseFlag } from '../../kernel/errors.ts'
import type { ClientSpan } from '../../kernel/tracing.ts'
import type { CompiledMutations, CompiledRoute } from '../../routing/route-table.ts'
import { Attempt, type AttemptOwner } from './attempt.ts'
import type { Limit } from './call-timer.ts'
import { CallTimer } from './call-timer.ts'
import type { Caller } from './caller.ts'
import type { Environment } from './environment.ts'
import type { Refusal } from './local-reply.ts'
import { noEndpoint, overflow, timedOut } from './refusals.ts'
import type { RequestBody } from './request-body.ts'
import { type RequestHeaders, requestHeadBytes, setHeader } from './request-headers.ts'
import { editHead, hasReserved, type RawHeaders, responseHeadBytes } from './response-headers.ts'
import type { SendOptions } from './send-options.ts'
import { classifyError, isCallerFault } from './transport-errors.ts'

type Controller = Dispatcher.DispatchController

/** A request on its way to one cluster, fixed before its first attempt. */
export interface Exchange {
  readonly cluster: ClusterRuntime
  readonly route: CompiledRoute
  readonly mutations: CompiledMutations | undefined
  readonly request: SendOptions
  readonly headers: RequestHeaders
  readonly body: RequestBody | undefined
  readonly span: ClientSpan | undefined
  /** When the call has to be over. */
  readonly deadline: number
  /** May be sent twice. */
  readonly safe: boolean
  /** Asks for another protocol on the connection: never sent twice. */
  readonly upgrade: boolean
}

/** What the attempts of a call tell it; each but `flag` is its end. */
export interface ExchangeOwner {
  readonly caller: Caller
  flag(flag: ResponseFlag): void
  refused(refusal: Refusal, outcome: Outcome): void
  failed(error: Error | undefined, code: MeshErrorCode | undefined, outcome: Outcome, now: number): void
  completed(status: number, now: number): void
}

const UNTRIED: readonly EndpointState[] = []

const FAILURE_CODES: Partial<Record<Outcome['kind'], readonly [MeshErrorCode, ResponseFlag]>> = {
  connectFailure: ['WEFT_UPSTREAM_CONNECT_FAILURE', 'UF'],
  reset: ['WEFT_UPSTREAM_RESET', 'UC'],
  timeout: ['WEFT_UPSTREAM_RESET', 'UT'],
}

/**
 * The attempts of one call: picks an endpoint, sends, classifies the end once, tells everything that learns from it, and
 * tries again or gives the answer on. The first attempt runs through without a promise; only when another is due does
 * the retry loop start.
 */
export class Attempts implements AttemptOwner, PickContext, RetriedCall {
  readonly #env: Environment
  readonly #owner: ExchangeOwner
  readonly #exchange: Exchange
  readonly #timer: CallTimer | undefined
  tried: readonly EndpointState[] = UNTRIED
  avoidTried = false
  /** How many have been made. */
  count = 0
  /** Where the last one went. */
  endpoint: EndpointState | undefined = undefined
  /** 0 until the caller has been given a response. */
  status = 0
  requestBytes = 0
  responseBytes = 0
  #current: Attempt | undefined = undefined
  #over = false
  #retries = 0
  #moves = 0
  #resent = false
  #holdsRetry = false
  #bodyLost = false
  #reason = ''
  #again: { resolve(): void; reject(due: RetryDue): void } | undefined = undefined
  #wake: (() => void) | undefined = undefined

  constructor(env: Environment, owner: ExchangeOwner, exchange: Exchange) {
    this.#env = env
    this.#owner = owner
    this.#exchange = exchange
    const limited = exchange.deadline !== NEVER || exchange.route.retryPolicy.perTryTimeoutMs !== undefined
    this.#timer = limited ? this.#limit(exchange.deadline) : undefined
  }

  begin(now: number): void {
    this.#next(now)
  }

  /** The call is over: nothing more is to happen, and an attempt under way is cut off. */
  stop(outcome: Outcome, now: number, reason: Error): void {
    const attempt = this.#current
    if (attempt !== undefined) {
      this.#ended(attempt, outcome, now)
      attempt.drop(reason)
    }
    this.settle()
  }

  /** The call is over; nothing is under way. */
  settle(): void {
    this.#over = true
    this.#timer?.stop()
    this.#releaseRetry()
    this.#wake?.()
    this.#again?.resolve()
  }

  sleep(delayMs: number): Promise<void> {
    if (this.#over || delayMs <= 0) return Promise.resolve()
    return new Promise((resolve) => {
      const { timers } = this.#env.deps
      const timer = timers.set(resolve, delayMs, { holdsLoop: true })
      this.#wake = () => {
        timers.clear(timer)
        resolve()
      }
    })
  }

  attemptAgain(): Promise<void> {
    this.#wake = undefined
    if (this.#over) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#again = { resolve, reject }
      this.#env.deps.recorder.retry(this.#exchange.cluster.name, this.#reason)
      this.#next(this.#env.deps.clock.now())
    })
  }

  attemptInformed(status: number, headers: IncomingHttpHeaders, statusMessage: string | undefined): void {
    this.#owner.caller.inform(status, headers, statusMessage)
  }

  attemptAnswered(
    attempt: Attempt,
    controller: Controller,
    status: number,
    headers: IncomingHttpHeaders,
    statusMessage: string | undefined,
  ): void {
    const raw = controller.rawHeaders as RawHeaders
    this.responseBytes = responseHeadBytes(raw, statusMessage)
    const { route, mutations } = this.#exchange
    const grpcStatus = headers['grpc-status']
    const plain = status < 400 && grpcStatus === undefined && route.retryPolicy.retriableStatusCodes.length === 0
    if (!plain && this.#answeredBadly(attempt, status, headers)) return
    this.status = status
    this.#timer?.answered()
    const { caller } = this.#owner
    caller.upstream = controller
    this.#again?.resolve()
    if (mutations === undefined && !hasReserved(raw)) {
      caller.respond(status, headers, controller.rawHeaders ?? null, statusMessage)
    } else {
      const head = editHead(raw, mutations)
      caller.respond(status, head.headers, head.raw, statusMessage)
    }
  }

  attemptData(chunk: Buffer): void {
    this.responseBytes += chunk.length
    this.#owner.caller.data(chunk)
  }

  attemptCompleted(attempt: Attempt, controller: Controller, trailers: IncomingHttpHeaders): void {
    const now = this.#env.deps.clock.now()
    this.#ended(attempt, responseOutcome(this.status), now)
    this.#owner.completed(this.status, now)
    this.#owner.caller.end(trailers, controller.rawTrailers ?? null)
  }

  attemptUpgraded(
    attempt: Attempt,
    controller: Controller,
    status: number,
    headers: IncomingHttpHeaders,
    socket: Duplex,
  ): void {
    const now = this.#env.deps.clock.now()
    this.status = status
    this.#ended(attempt, responseOutcome(status), now)
    this.#owner.completed(status, now)
    this.#owner.caller.upgrade(status, headers, controller.rawHeaders ?? null, socket)
  }

  attemptFailed(attempt: Attempt, error: Error): void {
    const now = this.#env.deps.clock.now()
    const requestStarted = attempt.controller !== undefined
    const own = isCallerFault(error) || this.#exchange.body?.failedWith(error) === true
    const outcome = own ? ABORTED : classifyError(error, requestStarted)
    this.#ended(attempt, outcome, now)
    if (this.status === 0 && this.#tryAgain(attempt, { outcome, requestStarted })) return
    this.#fail(error, outcome, now)
  }

  attemptBodySent(chunk: Buffer): void {
    this.requestBytes += chunk.length
    this.#owner.caller.bodySent(chunk)
  }

  attemptRequestSent(): void {
    this.#owner.caller.requestSent()
  }

  attemptResponseStarted(): void {
    this.#owner.caller.responseStarted()
  }

  #next(now: number): void {
    const { cluster, request, headers, span, body } = this.#exchange
    const state = cluster.pick(this)
    if (state === undefined) {
      this.#owner.refused(noEndpoint(cluster), responseOutcome(503))
      return
    }
    const attempt = new Attempt(this, cluster, state)
    this.#current = attempt
    this.endpoint = state
    this.count++
    if (this.#timer !== undefined) this.#limitAttempt(this.#timer, now)
    this.requestBytes += requestHeadBytes(request.method, request.path, headers)
    if (body !== undefined) request.body = body.open()
    cluster.attemptStarted(state, now)
    if (span === undefined) {
      this.#send(attempt, state)
    } else {
      span.attempt(state.endpoint, this.count - 1)
      span.run(() => this.#send(attempt, state))
    }
  }

  #send(attempt: Attempt, state: EndpointState): void {
    const { cluster, request } = this.#exchange
    if (this.#env.deps.transport.send(attempt, cluster, state, request)) return
    this.#ended(attempt, LOCAL_OVERFLOW, this.#env.deps.clock.now())
    this.#owner.refused(overflow(cluster, 'connections and of requests that wait for one'), LOCAL_OVERFLOW)
  }

  #limit(deadline: number): CallTimer {
    const { clock, timers } = this.#env.deps
    return new CallTimer(clock, timers, deadline, (limit) => this.#limitReached(limit))
  }

  #limitAttempt(timer: CallTimer, now: number): void {
    const { route, headers, deadline } = this.#exchange
    const limit = attemptDeadline(now, route.retryPolicy.perTryTimeoutMs, route.timeoutMs)
    timer.attempt(limit, now)
    const expected = expectedTimeout(now, deadline, limit)
    if (expected !== undefined) setHeader(headers, EXPECTED_TIMEOUT_HEADER, expected)
  }

  #limitReached(limit: Limit): void {
    const now = this.#env.deps.clock.now()
    const { cluster, route } = this.#exchange
    const attempt = this.#current
    if (attempt !== undefined) {
      this.#ended(attempt, TIMED_OUT, now)
      attempt.drop(new Error(`${cluster.name} has not answered in time`))
      const end: AttemptEnd = { outcome: TIMED_OUT, requestStarted: attempt.controller !== undefined }
      if (limit === 'attempt' && this.#tryAgain(attempt, end)) return
    }
    if (this.status !== 0) {
      this.#owner.flag('UT')
      this.#owner.failed(undefined, 'WEFT_DEADLINE_EXCEEDED', TIMED_OUT, now)
      return
    }
    const perTry = limit === 'attempt' ? `perTryTimeout of route ${route.name}` : 'the time that was left for the call'
    this.#owner.refused(timedOut(cluster, perTry), TIMED_OUT)
  }

  /** A response that may be one to try again after. */
  #answeredBadly(attempt: Attempt, status: number, headers: IncomingHttpHeaders): boolean {
    const grpcStatus = headers['grpc-status']
    const end: AttemptEnd = {
      outcome: responseOutcome(status),
      requestStarted: true,
      grpcStatus: typeof grpcStatus === 'string' ? grpcStatus : undefined,
      rateLimited: headers['x-envoy-ratelimited'] !== undefined,
    }
    const decision = this.#decide(attempt, end)
    if (!this.#mayFollow(decision)) return false
    this.#ended(attempt, end.outcome, this.#env.deps.clock.now())
    if (this.#exchange.body?.sent === false) attempt.drop(new Error('the request is sent again'))
    else attempt.discard(this.#env.deps.timers)
    this.#follow(attempt, decision, end)
    return true
  }

  #tryAgain(attempt: Attempt, end: AttemptEnd): boolean {
    const decision = this.#decide(attempt, end)
    if (!this.#mayFollow(decision)) return false
    this.#follow(attempt, decision, end)
    return true
  }

  #decide(attempt: Attempt, end: AttemptEnd): RetryDecision {
    const { route, cluster, safe, upgrade } = this.#exchange
    if (this.#over || upgrade || this.#env.destroyed) return 'none'
    const tried = this.tried.includes(attempt.state as EndpointState) ? this.tried.length : this.tried.length + 1
    return decideRetry(route.retryPolicy, end, {
      safe,
      responseStarted: attempt.responseStarted,
      untriedLeft: tried < cluster.endpointCount,
      retries: this.#retries,
      moves: this.#moves,
      resent: this.#resent,
    })
  }

  /** Whether the limits of the call, of its body and of the cluster leave room for what was decided. */
  #mayFollow(decision: RetryDecision): boolean {
    const { cluster, body } = this.#exchange
    if (decision === 'none') return false
    if (decision === 'exhausted') {
      this.#owner.flag('URX')
      return false
    }
    if (body !== undefined && !body.replayable) {
      this.#bodyLost = true
      this.#env.deps.recorder.retryRefused(cluster.name, 'body')
      return false
    }
    if (decision !== 'retry') return true
    // Counted before the limit is asked, as in Envoy: a refused retry is used up too.
    this.#retries++
    this.#releaseRetry()
    if (cluster.tryAcquireRetry()) {
      this.#holdsRetry = true
      return true
    }
    this.#owner.flag('UO')
    this.#env.deps.recorder.retryRefused(cluster.name, 'overflow')
    return false
  }

  #follow(attempt: Attempt, decision: RetryDecision, end: AttemptEnd): void {
    const { retryPolicy } = this.#exchange.route
    if (decision === 'move') this.#moves++
    if (decision === 'resend') this.#resent = true
    this.tried = [...this.tried, attempt.state as EndpointState]
    this.avoidTried = decision !== 'retry' || retryPolicy.avoidPreviousHosts
    this.#reason = end.outcome.kind === 'response' ? String(end.outcome.status) : end.outcome.kind
    const { random } = this.#env.deps
    const delayMs = decision === 'retry' ? fullJitterDelay(retryPolicy.retryBackOff, this.#retries, random) : 0
    const due = new RetryDue(delayMs)
    if (this.#again !== undefined) {
      this.#again.reject(due)
      return
    }
    retryLoop(this, due, maxFurtherAttempts(retryPolicy)).catch((error: unknown) => {
      const unexpected = error instanceof Error ? error : new Error(String(error))
      this.#owner.failed(unexpected, 'WEFT_UPSTREAM_RESET', ABORTED, this.#env.deps.clock.now())
    })
  }

  #fail(error: Error, outcome: Outcome, now: number): void {
    const known = FAILURE_CODES[outcome.kind]
    if (known !== undefined) this.#owner.flag(known[1])
    this.#owner.failed(error, this.#bodyLost ? 'WEFT_BODY_NOT_REPLAYABLE' : known?.[0], outcome, now)
  }

  /** An attempt has ended: its places are given back and its endpoint's record is brought up to date. Once each. */
  #ended(attempt: Attempt, outcome: Outcome, now: number): void {
    this.#current = undefined
    attempt.leaveGate()
    this.#exchange.cluster.attemptEnded(attempt.state as EndpointState, outcome, now)
  }

  #releaseRetry(): void {
    if (!this.#holdsRetry) return
    this.#holdsRetry = false
    this.#exchange.cluster.releaseRetry()
  }
}
