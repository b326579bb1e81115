import type { IncomingHttpHeaders } from 'node:http'
import { grpcStatusName } from '@weft/mesh-protocol'
import { parsePushback } from '../../call/grpc-pushback.ts'
import { decideHedge } from '../../call/hedging.ts'
import { ABORTED, responseOutcome } from '../../call/outcome.ts'
import { type ResponseHeader, RetryBackOff, requestedPause } from '../../call/retry-back-off.ts'
import { type RetriedCall, RetryDue, retryLoop } from '../../call/retry-loop.ts'
import { type AttemptEnd, decideRetry, maxFurtherAttempts, type RetryDecision } from '../../call/retry-policy.ts'
import type { EndpointState, Outcome, PickContext } from '../../cluster/types.ts'
import { asError } from '../../kernel/as-error.ts'
import type { MeshErrorCode, ResponseFlag } from '../../kernel/errors.ts'
import { httpToGrpcStatus, parseGrpcStatus } from '../../kernel/grpc-status.ts'
import { GRPC_PUSHBACK_HEADER, GRPC_STATUS_HEADER, RATE_LIMITED_HEADER } from '../../kernel/header-names.ts'
import type { Attempt } from './attempt.ts'
import type { Environment, PausedCall } from './environment.ts'
import type { Exchange } from './exchange.ts'

/** What the retries of a call ask of it. */
export interface RetryOwner {
  flag(flag: ResponseFlag): void
  /** Makes one more attempt. */
  attemptNext(now: number): void
  failed(error: Error | undefined, code: MeshErrorCode | undefined, outcome: Outcome, now: number): void
}

/** Everything about further attempts of one call; made when its first attempt has failed, which most never do. */
export class Retries implements PickContext, RetriedCall, PausedCall {
  readonly #env: Environment
  readonly #owner: RetryOwner
  readonly #exchange: Exchange
  tried: readonly EndpointState[] = []
  avoidTried = false
  /** A retry was due, but the body was not there any more. */
  bodyLost = false
  #retries = 0
  #moves = 0
  #resent = false
  #holdsPlace = false
  #reason = ''
  #over = false
  /** An answer has been given on: no attempt follows. */
  #accepted = false
  /** Another attempt is due and has not begun. */
  pending = false
  readonly #backOff: RetryBackOff
  #again: { resolve(): void; reject(due: RetryDue): void } | undefined = undefined
  #wake: (() => void) | undefined = undefined

  constructor(env: Environment, owner: RetryOwner, exchange: Exchange) {
    this.#env = env
    this.#owner = owner
    this.#exchange = exchange
    this.#backOff = new RetryBackOff(exchange.route.retryPolicy, env.deps.random)
  }

  get hash(): PickContext['hash'] {
    return this.#exchange.firstPick.hash
  }

  get destination(): PickContext['destination'] {
    return this.#exchange.firstPick.destination
  }

  /** Those by the policy so far: what no server has seen is none of them. */
  get count(): number {
    return this.#retries
  }

  get previousPrioritiesUpdateFrequency(): number | undefined {
    return this.#exchange.route.retryPolicy.previousPrioritiesUpdateFrequency
  }

  /** What of an answer decides whether another attempt follows. */
  answered(status: number, headers: IncomingHttpHeaders): AttemptEnd {
    const { retryPolicy } = this.#exchange.route
    const { clock } = this.#env.deps
    const header = (name: string): string | undefined => {
      const value = headers[name]
      return Array.isArray(value) ? value.join(',') : value
    }
    return {
      outcome: responseOutcome(status),
      requestStarted: true,
      ...(this.#exchange.isGrpc ? answerOfGrpc(status, header) : { grpcStatus: header(GRPC_STATUS_HEADER) }),
      rateLimited: headers[RATE_LIMITED_HEADER] !== undefined,
      retriableHeader: this.#env.retriableHeaders.hold(retryPolicy, status, header),
      pauseMs: requestedPause(retryPolicy, header, clock.wallNow()),
    }
  }

  /** What follows an attempt that is over its limit and is left running. */
  decideHedge(): RetryDecision {
    if (this.#over || this.#env.destroyed) return 'none'
    return decideHedge(this.#exchange.route.retryPolicy, this.#retries)
  }

  decide(attempt: Attempt, end: AttemptEnd): RetryDecision {
    const { route, cluster, safe, switches } = this.#exchange
    if (this.#over || switches || this.#env.destroyed) return 'none'
    const tried = this.tried.includes(attempt.state) ? this.tried.length : this.tried.length + 1
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
  admits(decision: RetryDecision, { pauseMs: asked, pushbackMs }: AttemptEnd): boolean {
    const { cluster, source } = this.#exchange
    const pauseMs = pushbackMs ?? asked
    if (decision === 'none' || decision === 'stopped') return false
    if (decision === 'exhausted') {
      this.#owner.flag('URX')
      return false
    }
    if (source !== undefined && !source.replayable) {
      this.bodyLost = true
      this.#env.deps.recorder.retryRefused(cluster.name, 'body')
      return false
    }
    if (decision !== 'retry') return true
    if (pauseMs !== undefined && this.#env.deps.clock.now() + pauseMs >= this.#exchange.deadline) {
      this.#env.deps.recorder.retryRefused(cluster.name, 'deadline')
      return false
    }
    return this.#takePlace()
  }

  /** Sees to it that another attempt follows. */
  follow(attempt: Attempt, decision: RetryDecision, end: AttemptEnd): void {
    const { retryPolicy } = this.#exchange.route
    if (decision === 'move') this.#moves++
    if (decision === 'resend') this.#resent = true
    this.tried = [...this.tried, attempt.state]
    this.avoidTried = decision !== 'retry' || retryPolicy.avoidPreviousHosts
    this.#reason = reasonOf(end)
    this.pending = true
    const delayMs = decision === 'retry' ? this.#backOff.next(end.pauseMs, end.pushbackMs) : 0
    const due = new RetryDue(delayMs)
    if (this.#again === undefined) this.#start(due, maxFurtherAttempts(retryPolicy))
    else this.#again.reject(due)
  }

  /** The attempt under way is the last one: its answer is given on. */
  accepted(): void {
    this.#accepted = true
    this.#wake?.()
    this.#again?.resolve()
  }

  /** The call is over. */
  settle(): void {
    this.#over = true
    this.#releasePlace()
    this.#wake?.()
    this.#again?.resolve()
  }

  /** The mesh is closed during the pause. */
  cut(error: Error): void {
    this.#owner.failed(error, undefined, ABORTED, this.#env.deps.clock.now())
  }

  sleep(delayMs: number): Promise<void> {
    if (this.#over || delayMs <= 0) return Promise.resolve()
    return new Promise((resolve) => {
      const { timers } = this.#env.deps
      const end = (): void => {
        this.#env.paused.delete(this)
        resolve()
      }
      const timer = timers.set(end, delayMs, { holdsLoop: true })
      this.#env.paused.add(this)
      this.#wake = () => {
        timers.clear(timer)
        end()
      }
    })
  }

  attemptAgain(): Promise<void> {
    this.#wake = undefined
    this.pending = false
    if (this.#over || this.#accepted) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#again = { resolve, reject }
      this.#env.deps.recorder.retry(this.#exchange.cluster.name, this.#reason)
      this.#owner.attemptNext(this.#env.deps.clock.now())
    })
  }

  #start(first: RetryDue, maxAttempts: number): void {
    retryLoop(this, first, maxAttempts).catch((error: unknown) => {
      this.#owner.failed(asError(error), 'WEFT_UPSTREAM_RESET', ABORTED, this.#env.deps.clock.now())
    })
  }

  /** Counted before the limit is asked, as in Envoy: a refused retry is used up too. */
  #takePlace(): boolean {
    const { cluster } = this.#exchange
    this.#retries++
    this.#releasePlace()
    this.#holdsPlace = cluster.tryAcquireRetry()
    if (this.#holdsPlace) return true
    this.#owner.flag('UO')
    this.#env.deps.recorder.retryRefused(cluster.name, 'overflow')
    return false
  }

  #releasePlace(): void {
    if (!this.#holdsPlace) return
    this.#holdsPlace = false
    this.#exchange.cluster.releaseRetry()
  }
}

const OK = 200

/** What of an answer to gRPC decides; one of a proxy that does not speak it counts as what its status of HTTP becomes. */
function answerOfGrpc(status: number, header: ResponseHeader): Pick<AttemptEnd, 'grpcStatus' | 'pushbackMs'> {
  const told = parseGrpcStatus(header(GRPC_STATUS_HEADER)) ?? (status === OK ? undefined : httpToGrpcStatus(status))
  if (told === undefined) return {}
  return { grpcStatus: String(told), pushbackMs: parsePushback(header(GRPC_PUSHBACK_HEADER)) }
}

/** For telemetry. */
function reasonOf({ outcome, grpcStatus }: AttemptEnd): string {
  if (outcome.kind !== 'response') return outcome.kind
  const name = outcome.status === OK && grpcStatus !== undefined ? grpcStatusName(Number(grpcStatus)) : undefined
  return name ?? String(outcome.status)
}
