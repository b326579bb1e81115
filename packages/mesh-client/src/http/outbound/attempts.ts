import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import { attemptDeadline, expectedTimeout, NEVER } from '../../call/deadline.ts'
import { ABORTED, LOCAL_OVERFLOW, responseOutcome, TIMED_OUT } from '../../call/outcome.ts'
import type { AttemptEnd } from '../../call/retry-policy.ts'
import type { EndpointState, Outcome } from '../../cluster/types.ts'
import type { MeshErrorCode, ResponseFlag } from '../../kernel/errors.ts'
import { EXPECTED_TIMEOUT_HEADER } from '../../kernel/header-names.ts'
import type { ClientSpan } from '../../kernel/tracing.ts'
import { isUnprocessed } from '../http2/unprocessed.ts'
import { Attempt, type AttemptOwner } from './attempt.ts'
import { AttemptRelay, type AttemptsOwner } from './attempt-relay.ts'
import { CallTimer, type Limit, type LimitedCall } from './call-timer.ts'
import type { Environment } from './environment.ts'
import type { Exchange } from './exchange.ts'
import { noEndpoint, overflow, timedOut } from './refusals.ts'
import { requestHeadBytes, setHeader } from './request-headers.ts'
import { type RawHeaders, responseHeadBytes } from './response-headers.ts'
import { Retries, type RetryOwner } from './retries.ts'
import { classifyError, isCallerFault, lessonOf } from './transport-errors.ts'

type Controller = Dispatcher.DispatchController

const FAILURES: Partial<Record<Outcome['kind'], readonly [MeshErrorCode, ResponseFlag]>> = {
  connectFailure: ['WEFT_UPSTREAM_CONNECT_FAILURE', 'UF'],
  reset: ['WEFT_UPSTREAM_RESET', 'UC'],
  timeout: ['WEFT_UPSTREAM_RESET', 'UT'],
}

/**
 * The attempts of one call: picks an endpoint, sends, classifies the end once, tells everything that learns from it, and
 * tries again or gives the answer on. The first attempt runs through without a promise and, where nothing limits its
 * time, without a timer.
 */
export class Attempts extends AttemptRelay implements AttemptOwner, RetryOwner, LimitedCall {
  readonly #env: Environment
  readonly #timer: CallTimer | undefined
  #retries: Retries | undefined = undefined
  #current: Attempt | undefined = undefined
  /** How many have been made. */
  count = 0
  /** Where the last one went. */
  endpoint: EndpointState | undefined = undefined

  constructor(env: Environment, owner: AttemptsOwner, exchange: Exchange) {
    super(owner, exchange)
    this.#env = env
    const limited = exchange.deadline !== NEVER || exchange.route.retryPolicy.perTryTimeoutMs !== undefined
    this.#timer = limited ? new CallTimer(env.deadlines, exchange.deadline, this) : undefined
  }

  /** The call is over: an attempt under way is cut off. */
  stop(outcome: Outcome, now: number, reason: Error): void {
    const attempt = this.#current
    if (attempt === undefined) return
    this.#ended(attempt, outcome, now)
    attempt.drop(reason)
  }

  /** The call is over, and nothing is to happen any more. */
  settle(): void {
    this.#timer?.stop()
    this.#retries?.settle()
  }

  attemptNext(now: number): void {
    const exchange = this.exchange
    const { cluster, source, span } = exchange
    const state = cluster.pick(this.#retries ?? exchange.firstPick)
    if (state === undefined) {
      this.owner.refused(noEndpoint(cluster), responseOutcome(503))
      return
    }
    const attempt = new Attempt(this, state)
    if (cluster.latency !== undefined) attempt.measuredFrom = now
    this.#current = attempt
    this.endpoint = state
    this.count++
    if (this.#timer !== undefined) this.#limitAttempt(this.#timer, now)
    this.requestBytes += requestHeadBytes(exchange.method, exchange.path, exchange.headers)
    if (source !== undefined) exchange.body = source.open()
    cluster.attemptStarted(state, now)
    if (span === undefined) this.#send(attempt)
    else this.#sendTraced(span, attempt)
  }

  attemptAnswered(
    attempt: Attempt,
    controller: Controller,
    status: number,
    headers: IncomingHttpHeaders,
    statusMessage: string | undefined,
  ): void {
    this.responseBytes = responseHeadBytes(controller.rawHeaders as RawHeaders, statusMessage)
    this.#measure(attempt, status, headers)
    if (this.#maybeBad(status, headers) && this.#answeredBadly(attempt, status, headers)) return
    this.status = status
    this.#timer?.answered()
    this.#retries?.accepted()
    this.relayHead(controller, status, headers, statusMessage)
  }

  attemptCompleted(attempt: Attempt, controller: Controller, trailers: IncomingHttpHeaders): void {
    const now = this.#env.deps.clock.now()
    this.#ended(attempt, responseOutcome(this.status), now)
    this.owner.completed(this.status, now)
    this.relayEnd(controller, trailers)
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
    this.#measure(attempt, status, headers)
    attempt.handOver(socket)
    this.#ended(attempt, responseOutcome(status), now)
    this.owner.completed(status, now)
    this.relayUpgrade(controller, status, headers, socket)
  }

  attemptFailed(attempt: Attempt, error: Error): void {
    const now = this.#env.deps.clock.now()
    const requestStarted = attempt.controller !== undefined
    const own = isCallerFault(error) || this.owner.hasThrown(error) || this.exchange.source?.failedWith(error) === true
    const outcome = own ? ABORTED : classifyError(error, requestStarted)
    this.#ended(attempt, lessonOf(error, outcome), now)
    const end: AttemptEnd = { outcome, requestStarted, unprocessed: isUnprocessed(error) }
    if (this.status === 0 && this.#tryAgain(attempt, end)) return
    const known = FAILURES[outcome.kind]
    if (known !== undefined) this.flag(known[1])
    this.failed(error, this.#retries?.bodyLost === true ? 'WEFT_BODY_NOT_REPLAYABLE' : known?.[0], outcome, now)
  }

  #send(attempt: Attempt): void {
    const { cluster } = this.exchange
    if (this.#env.deps.transport.send(attempt, this.exchange)) return
    this.#ended(attempt, LOCAL_OVERFLOW, this.#env.deps.clock.now())
    this.owner.refused(overflow(cluster, 'connections and of requests that wait for one'), LOCAL_OVERFLOW)
  }

  #sendTraced(span: ClientSpan, attempt: Attempt): void {
    span.attempt(attempt.state.endpoint, this.count - 1)
    span.run(() => this.#send(attempt))
  }

  #limitAttempt(timer: CallTimer, now: number): void {
    const { route, headers, deadline } = this.exchange
    const limit = attemptDeadline(now, route.retryPolicy.perTryTimeoutMs, route.timeoutMs)
    timer.attempt(limit, now)
    const expected = expectedTimeout(now, deadline, limit)
    if (expected !== undefined) setHeader(headers, EXPECTED_TIMEOUT_HEADER, expected)
  }

  limitReached(limit: Limit, now: number): void {
    const { cluster, route } = this.exchange
    const attempt = this.#current
    if (attempt !== undefined) {
      this.stop(TIMED_OUT, now, new Error(`${cluster.name} has not answered in time`))
      const end: AttemptEnd = { outcome: TIMED_OUT, requestStarted: attempt.controller !== undefined }
      if (limit === 'attempt' && this.#tryAgain(attempt, end)) return
    }
    if (this.status !== 0) {
      this.flag('UT')
      this.failed(undefined, 'WEFT_DEADLINE_EXCEEDED', TIMED_OUT, now)
      return
    }
    const what = limit === 'attempt' ? `perTryTimeout of route ${route.name}` : 'the time that was left for the call'
    this.owner.refused(timedOut(cluster, what), TIMED_OUT)
  }

  /** Whether a response has to be looked at closely; most are not worth the question. */
  #maybeBad(status: number, headers: IncomingHttpHeaders): boolean {
    if (status >= 400 || headers['grpc-status'] !== undefined) return true
    return this.exchange.route.retryPolicy.retriableStatusCodes.length > 0
  }

  /** True: the response is not given on, another attempt follows. */
  #answeredBadly(attempt: Attempt, status: number, headers: IncomingHttpHeaders): boolean {
    const grpcStatus = headers['grpc-status']
    const end: AttemptEnd = {
      outcome: responseOutcome(status),
      requestStarted: true,
      grpcStatus: typeof grpcStatus === 'string' ? grpcStatus : undefined,
      rateLimited: headers['x-envoy-ratelimited'] !== undefined,
    }
    const retries = this.#retriesOf()
    const decision = retries.decide(attempt, end)
    if (!retries.admits(decision)) return false
    this.#ended(attempt, end.outcome, this.#env.deps.clock.now())
    if (this.exchange.source?.sent === false) attempt.drop(new Error('the request is sent again'))
    else attempt.discard(this.#env.deps.timers)
    retries.follow(attempt, decision, end)
    return true
  }

  #tryAgain(attempt: Attempt, end: AttemptEnd): boolean {
    const retries = this.#retriesOf()
    const decision = retries.decide(attempt, end)
    if (!retries.admits(decision)) return false
    retries.follow(attempt, decision, end)
    return true
  }

  #retriesOf(): Retries {
    this.#retries ??= new Retries(this.#env, this, this.exchange)
    return this.#retries
  }

  /** Tells how long the endpoint took to answer, where that is asked for. */
  #measure(attempt: Attempt, status: number, headers: IncomingHttpHeaders): void {
    const from = attempt.measuredFrom
    if (from === undefined) return
    attempt.measuredFrom = undefined
    this.exchange.cluster.latency?.answered(attempt.state, from, this.#env.deps.clock.now(), status, headers)
  }

  /** An attempt has ended: its places are given back and its endpoint's record is brought up to date. Once each. */
  #ended(attempt: Attempt, outcome: Outcome, now: number): void {
    this.#current = undefined
    attempt.leaveGate()
    const { cluster } = this.exchange
    if (attempt.measuredFrom !== undefined) cluster.latency?.ended(attempt.state, attempt.measuredFrom, now, outcome)
    cluster.attemptEnded(attempt.state, outcome, now)
  }
}
