import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import { GRPC_STATUS } from '@weft/mesh-protocol'
import type { Dispatcher } from 'undici'
import { attemptDeadline, NEVER } from '../../call/deadline.ts'
import { grpcOutcome } from '../../call/grpc-account.ts'
import { ABORTED, LOCAL_OVERFLOW, responseOutcome, TIMED_OUT } from '../../call/outcome.ts'
import type { AttemptEnd, RetryDecision } from '../../call/retry-policy.ts'
import type { EndpointState, Outcome } from '../../cluster/types.ts'
import type { MeshErrorCode, ResponseFlag } from '../../kernel/errors.ts'
import { GRPC_STATUS_HEADER, RATE_LIMITED_HEADER } from '../../kernel/header-names.ts'
import type { ClientSpan } from '../../kernel/tracing.ts'
import { isUnprocessed } from '../http2/unprocessed.ts'
import { Attempt, type AttemptOwner } from './attempt.ts'
import { tellCount, tellLimit } from './attempt-headers.ts'
import { AttemptRelay, type AttemptsOwner } from './attempt-relay.ts'
import { CallTimer, type Limit, type LimitedCall } from './call-timer.ts'
import type { Environment } from './environment.ts'
import type { Exchange } from './exchange.ts'
import { grpcStatusOfFailure } from './grpc-failure.ts'
import { noEndpoint, overflow, timedOut } from './refusals.ts'
import { requestHeadBytes } from './request-headers.ts'
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
  /** The newest attempt, while it is under way and, after an answer, the one that is given on. */
  #current: Attempt | undefined = undefined
  /** Attempts that were over their limit and run on beside the newest. */
  #hedged: Set<Attempt> | undefined = undefined
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

  /** The call is over: what is under way is cut off. */
  stop(outcome: Outcome, now: number, reason: Error): void {
    if (this.#current !== undefined) this.#drop(this.#current, outcome, now, reason)
    if (this.#hedged !== undefined) for (const attempt of this.#hedged) this.#drop(attempt, outcome, now, reason)
  }

  /** The call is over, and nothing is to happen any more. */
  settle(): void {
    this.#timer?.stop()
    this.#retries?.settle()
    if (this.#hedged !== undefined) this.stop(ABORTED, this.#env.deps.clock.now(), new Error('the call is over'))
  }

  attemptNext(now: number): void {
    // An attempt that runs on beside this one may still wait for a connection with what it is to send.
    const exchange = this.#hedged === undefined ? this.exchange : this.exchange.copy()
    const { cluster, source, span } = exchange
    const state = cluster.pick(this.#retries ?? exchange.firstPick)
    if (state === undefined) {
      if (!this.#othersBeside(undefined)) this.owner.refused(noEndpoint(cluster), responseOutcome(503))
      return
    }
    const attempt = new Attempt(this, state)
    if (cluster.learner !== undefined) attempt.measuredFrom = now
    this.#current = attempt
    this.endpoint = state
    this.count++
    if (this.count > 1) tellCount(exchange, this.count, this.#retries?.count ?? 0)
    this.grpc?.request.reset()
    if (this.#timer !== undefined) this.#limitAttempt(this.#timer, exchange, now)
    this.requestBytes += requestHeadBytes(exchange.method, exchange.path, exchange.headers)
    if (source !== undefined) exchange.body = source.open()
    cluster.attemptStarted(state)
    if (span === undefined) this.#send(attempt, exchange)
    else this.#sendTraced(span, attempt, exchange)
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
    this.exchange.source?.commit()
    if (this.#hedged !== undefined) this.#win(attempt)
    this.grpc?.answered(headers)
    this.relayHead(controller, status, headers, statusMessage)
  }

  attemptCompleted(attempt: Attempt, controller: Controller, trailers: IncomingHttpHeaders): void {
    const now = this.#env.deps.clock.now()
    this.exchange.cluster.learner?.trailed(attempt.state, now, trailers)
    const outcome = this.grpc === undefined ? responseOutcome(this.status) : this.grpc.ended(this.status, trailers)
    this.#ended(attempt, outcome, now)
    this.owner.completed(outcome, this.status, now)
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
    const outcome = responseOutcome(status)
    this.#ended(attempt, outcome, now)
    this.owner.completed(outcome, status, now)
    this.relayUpgrade(controller, status, headers, socket)
  }

  attemptFailed(attempt: Attempt, error: Error): void {
    const now = this.#env.deps.clock.now()
    const requestStarted = attempt.controller !== undefined
    const own = isCallerFault(error) || this.owner.hasThrown(error) || this.exchange.source?.failedWith(error) === true
    const outcome = own ? ABORTED : classifyError(error, requestStarted)
    const newest = attempt === this.#current
    this.#ended(attempt, lessonOf(error, outcome), now)
    const grpcStatus = this.grpc === undefined ? undefined : String(grpcStatusOfFailure(error))
    const end: AttemptEnd = { outcome, requestStarted, unprocessed: isUnprocessed(error), grpcStatus }
    if (this.status === 0 && newest && this.#tryAgain(attempt, end)) return
    if (!own && this.#othersBeside(attempt)) return
    const known = FAILURES[outcome.kind]
    if (known !== undefined) this.flag(known[1])
    this.failed(error, this.#retries?.bodyLost === true ? 'WEFT_BODY_NOT_REPLAYABLE' : known?.[0], outcome, now)
  }

  #send(attempt: Attempt, exchange: Exchange): void {
    const { cluster } = exchange
    if (this.#env.deps.transport.send(attempt, exchange)) return
    this.#ended(attempt, LOCAL_OVERFLOW, this.#env.deps.clock.now())
    if (this.#othersBeside(attempt)) return
    this.owner.refused(overflow(cluster, 'connections and of requests that wait for one'), LOCAL_OVERFLOW)
  }

  #sendTraced(span: ClientSpan, attempt: Attempt, exchange: Exchange): void {
    span.attempt(attempt.state.endpoint, this.count - 1)
    span.run(() => this.#send(attempt, exchange))
  }

  #limitAttempt(timer: CallTimer, exchange: Exchange, now: number): void {
    const { retryPolicy, timeoutMs } = exchange.route
    const limit = attemptDeadline(now, retryPolicy.perTryTimeoutMs, timeoutMs)
    timer.attempt(limit, now)
    tellLimit(exchange, limit, now)
  }

  limitReached(limit: Limit, now: number): void {
    const attempt = this.#current
    // Of an attempt that has ended: another is due, or those that run beside it are waited for.
    if (limit === 'attempt' && (attempt === undefined || this.#hedge(attempt))) return
    const { cluster, route } = this.exchange
    this.stop(TIMED_OUT, now, new Error(`${cluster.name} has not answered in time`))
    if (limit === 'attempt' && attempt !== undefined) {
      if (this.#tryAgain(attempt, this.#overLimit(attempt))) return
    }
    if (this.status !== 0) {
      this.flag('UT')
      this.failed(undefined, 'WEFT_DEADLINE_EXCEEDED', TIMED_OUT, now)
      return
    }
    const what = limit === 'attempt' ? `perTryTimeout of route ${route.name}` : 'the time that was left for the call'
    this.owner.refused(timedOut(cluster, what), TIMED_OUT)
  }

  /** How an attempt ends whose time is up. */
  #overLimit(attempt: Attempt): AttemptEnd {
    const requestStarted = attempt.controller !== undefined
    if (this.grpc === undefined) return { outcome: TIMED_OUT, requestStarted }
    return { outcome: TIMED_OUT, requestStarted, grpcStatus: String(GRPC_STATUS.DEADLINE_EXCEEDED) }
  }

  /** Whether a response has to be looked at closely; most are not worth the question. */
  #maybeBad(status: number, headers: IncomingHttpHeaders): boolean {
    if (status >= 400 || headers[GRPC_STATUS_HEADER] !== undefined || headers[RATE_LIMITED_HEADER] !== undefined)
      return true
    const { retriableStatusCodes, retriableHeaders } = this.exchange.route.retryPolicy
    return retriableHeaders !== undefined || (retriableStatusCodes.length > 0 && retriableStatusCodes.includes(status))
  }

  /** True: the response is not given on, because another attempt follows or is under way. */
  #answeredBadly(attempt: Attempt, status: number, headers: IncomingHttpHeaders): boolean {
    const retries = this.#retriesOf()
    const end = retries.answered(status, headers)
    const decision = retries.decide(attempt, end)
    if (decision === 'none') return false
    const again = attempt === this.#current && retries.admits(decision, end)
    if (!again && !this.#othersBeside(attempt)) return false
    const { grpcStatus } = end
    const lesson = this.grpc === undefined || grpcStatus === undefined ? end.outcome : grpcOutcome(Number(grpcStatus))
    this.#ended(attempt, lesson, this.#env.deps.clock.now())
    if (this.exchange.source?.sent === false) attempt.drop(new Error('the request is sent again'))
    else attempt.discard(this.#env.deps.timers)
    if (again) this.#follow(attempt, decision, end)
    return true
  }

  #tryAgain(attempt: Attempt, end: AttemptEnd): boolean {
    const retries = this.#retriesOf()
    const decision = retries.decide(attempt, end)
    if (!retries.admits(decision, end)) return false
    this.#follow(attempt, decision, end)
    return true
  }

  #follow(attempt: Attempt, decision: RetryDecision, end: AttemptEnd): void {
    // The limit was that of an attempt that has ended; the pause has none but the call's.
    this.#timer?.answered()
    this.#retriesOf().follow(attempt, decision, end)
  }

  /**
   * The attempt is over its limit: leaves it running and has another follow, if the route hedges. Without a retry that is
   * left it goes on alone. Envoy `router.cc`, `onSoftPerTryTimeout`.
   */
  #hedge(attempt: Attempt): boolean {
    const { route, source, switches, cluster } = this.exchange
    if (!route.hedgeOnPerTryTimeout || switches) return false
    if (source !== undefined && !source.whole) return false
    const end = this.#overLimit(attempt)
    const decision = this.#retriesOf().decideHedge()
    if (!this.#retriesOf().admits(decision, end)) return true
    this.#hedged ??= new Set()
    this.#hedged.add(attempt)
    this.#current = undefined
    this.#env.deps.recorder.hedge(cluster.name, 'started')
    this.#follow(attempt, decision, end)
    return true
  }

  /** The first good answer: the others are not needed any more, and nothing is learnt from them. */
  #win(attempt: Attempt): void {
    const now = this.#env.deps.clock.now()
    const hedged = this.#hedged as Set<Attempt>
    this.#hedged = undefined
    const lost = new Error('another attempt was answered first')
    for (const other of hedged) if (other !== attempt) this.#drop(other, ABORTED, now, lost)
    const newest = this.#current
    if (newest !== undefined && newest !== attempt) this.#drop(newest, ABORTED, now, lost)
    if (!hedged.has(attempt)) this.#env.deps.recorder.hedge(this.exchange.cluster.name, 'won')
    this.#current = attempt
    this.endpoint = attempt.state
  }

  /** Whether the call may still be answered by another attempt, under way or due. */
  #othersBeside(attempt: Attempt | undefined): boolean {
    if (this.#hedged === undefined || this.status !== 0) return false
    if (this.#retries?.pending === true) return true
    if (this.#current !== undefined && this.#current !== attempt) return true
    return this.#hedged.size > (attempt !== undefined && this.#hedged.has(attempt) ? 1 : 0)
  }

  #drop(attempt: Attempt, outcome: Outcome, now: number, reason: Error): void {
    this.#ended(attempt, outcome, now)
    attempt.drop(reason)
  }

  #retriesOf(): Retries {
    this.#retries ??= new Retries(this.#env, this, this.exchange)
    return this.#retries
  }

  /** Tells what the endpoint answered and how long it took, where that is asked for. */
  #measure(attempt: Attempt, status: number, headers: IncomingHttpHeaders): void {
    const from = attempt.measuredFrom
    if (from === undefined) return
    attempt.measuredFrom = undefined
    this.exchange.cluster.learner?.answered(attempt.state, from, this.#env.deps.clock.now(), status, headers)
  }

  /** An attempt has ended: its places are given back and its endpoint's record is brought up to date. Once each. */
  #ended(attempt: Attempt, outcome: Outcome, now: number): void {
    if (attempt === this.#current) this.#current = undefined
    else this.#hedged?.delete(attempt)
    attempt.leaveGate()
    const { cluster } = this.exchange
    if (attempt.measuredFrom !== undefined) cluster.learner?.ended(attempt.state, attempt.measuredFrom, now, outcome)
    cluster.attemptEnded(attempt.state, outcome, now)
  }
}
