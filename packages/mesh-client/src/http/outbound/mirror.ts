import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import { GRPC_STATUS } from '@weft/mesh-protocol'
import type { Dispatcher } from 'undici'
import { BodyLost } from '../../call/body-follower.ts'
import { GrpcAccount } from '../../call/grpc-account.ts'
import { ABORTED, LOCAL_OVERFLOW, responseOutcome, TIMED_OUT } from '../../call/outcome.ts'
import type { BreakerVerdict, ClusterManager, EndpointState, Outcome } from '../../cluster/types.ts'
import type { Clock } from '../../kernel/clock.ts'
import { type DeadlineQueue, Waiting } from '../../kernel/deadline-queue.ts'
import type { ResponseFlag } from '../../kernel/errors.ts'
import type { Random } from '../../kernel/random.ts'
import type { MirrorResult, Peer, Recorder } from '../../kernel/recorder.ts'
import type { Timers } from '../../kernel/timers.ts'
import { Attempt, type AttemptOwner } from './attempt.ts'
import type { Exchange } from './exchange.ts'
import { grpcStatusOfFailure } from './grpc-failure.ts'
import { requestHeadBytes } from './request-headers.ts'
import { type RawHeaders, responseHeadBytes } from './response-headers.ts'
import type { HttpTransport } from './transport.ts'
import { classifyError, isCallerFault, lessonOf } from './transport-errors.ts'

type Controller = Dispatcher.DispatchController

/** What copies need of the mesh that they belong to. */
export interface MirrorEnvironment {
  readonly deps: {
    readonly clusters: ClusterManager
    readonly transport: HttpTransport
    readonly clock: Clock
    readonly timers: Timers
    readonly random: Random
    readonly recorder: Recorder
  }
  readonly deadlines: DeadlineQueue
  /** Who an endpoint is, for telemetry. */
  peerAt(state: EndpointState): Peer
}

const FLAGS: Partial<Record<Outcome['kind'], ResponseFlag>> = {
  connectFailure: 'UF',
  reset: 'UC',
  timeout: 'UT',
  localOverflow: 'UO',
  aborted: 'DC',
}

/**
 * One copy of a request: one attempt, never retried, whose response is read and thrown away. It is counted as a call of
 * its own cluster, whose endpoints learn from it as from any other.
 */
export class Mirror extends Waiting implements AttemptOwner {
  readonly #env: MirrorEnvironment
  readonly #exchange: Exchange
  readonly #verdict: BreakerVerdict
  readonly #startedAt: number
  readonly #onEnd: (result: MirrorResult) => void
  readonly #grpc: GrpcAccount | undefined
  #attempt: Attempt | undefined
  #status = 0
  #requestBytes = 0
  #responseBytes = 0
  #over = false

  /** @param exchange of a cluster that has let it in and has taken a place for it */
  constructor(
    env: MirrorEnvironment,
    exchange: Exchange,
    verdict: BreakerVerdict,
    startedAt: number,
    onEnd: (result: MirrorResult) => void,
  ) {
    super()
    this.#env = env
    this.#exchange = exchange
    this.#verdict = verdict
    this.#startedAt = startedAt
    this.#onEnd = onEnd
    this.#grpc = exchange.isGrpc ? new GrpcAccount() : undefined
  }

  start(limitMs: number): void {
    const exchange = this.#exchange
    const { cluster } = exchange
    const now = this.#startedAt
    const state = cluster.pick(exchange.firstPick)
    if (state === undefined) {
      // Also of a cluster that goes where its callers say: nobody has called it (Envoy's shadows have no connection before them).
      this.#end('unavailable', responseOutcome(503), now, 'UH')
      return
    }
    const attempt = new Attempt(this, state)
    this.#attempt = attempt
    this.#requestBytes = requestHeadBytes(exchange.method, exchange.path, exchange.headers)
    this.#env.deadlines.add(this, limitMs, now)
    cluster.attemptStarted(state)
    if (!this.#env.deps.transport.send(attempt, exchange)) this.#finish('overflow', LOCAL_OVERFLOW, now)
  }

  /** Its time is up. */
  override due(now: number): void {
    this.#attempt?.drop(new Error('the mirrored request has not been answered in time'))
    this.#finish('failed', TIMED_OUT, now)
  }

  /** Nobody may wait for it any longer. */
  cut(now: number): void {
    this.#attempt?.drop(new Error('the mesh is closed'))
    this.#finish('failed', ABORTED, now)
  }

  attemptInformed(): void {
    // Of no interest.
  }

  attemptAnswered(
    _attempt: Attempt,
    controller: Controller,
    status: number,
    headers: IncomingHttpHeaders,
    statusMessage: string | undefined,
  ): void {
    this.#status = status
    this.#grpc?.answered(headers)
    this.#responseBytes = responseHeadBytes(controller.rawHeaders as RawHeaders, statusMessage)
  }

  attemptData(chunk: Buffer): void {
    this.#responseBytes += chunk.length
    this.#grpc?.response.add(chunk)
  }

  attemptCompleted(_attempt: Attempt, _controller: Controller, trailers: IncomingHttpHeaders): void {
    const outcome = this.#grpc?.ended(this.#status, trailers) ?? responseOutcome(this.#status)
    this.#finish('answered', outcome, this.#env.deps.clock.now())
  }

  attemptUpgraded(
    _attempt: Attempt,
    _controller: Controller,
    status: number,
    _headers: IncomingHttpHeaders,
    socket: Duplex,
  ): void {
    // It has not asked for that.
    socket.destroy()
    this.#status = status
    this.#finish('failed', responseOutcome(status), this.#env.deps.clock.now())
  }

  attemptFailed(attempt: Attempt, error: Error): void {
    const now = this.#env.deps.clock.now()
    if (error instanceof BodyLost) {
      this.#finish(error.tooLong ? 'body' : 'failed', ABORTED, now)
      return
    }
    const outcome = isCallerFault(error) ? ABORTED : classifyError(error, attempt.controller !== undefined)
    if (this.#grpc !== undefined) this.#grpc.status = grpcStatusOfFailure(error)
    this.#finish('failed', lessonOf(error, outcome), now)
  }

  attemptBodySent(chunk: Buffer): void {
    this.#requestBytes += chunk.length
    this.#grpc?.sent(chunk)
  }

  attemptRequestSent(): void {
    // Of no interest.
  }

  attemptResponseStarted(): void {
    // Of no interest.
  }

  /** The attempt has ended: its places are given back. */
  #finish(result: MirrorResult, outcome: Outcome, now: number): void {
    const attempt = this.#attempt
    if (this.#over || attempt === undefined) return
    attempt.leaveGate()
    this.#exchange.cluster.attemptEnded(attempt.state, outcome, now)
    this.#end(result, outcome, now, outcome.kind === 'response' ? undefined : FLAGS[outcome.kind])
  }

  #end(result: MirrorResult, outcome: Outcome, now: number, flag: ResponseFlag | undefined): void {
    this.#over = true
    this.#env.deadlines.remove(this)
    const { cluster } = this.#exchange
    cluster.releaseRequest()
    cluster.callEnded(outcome, this.#verdict, now)
    const state = this.#attempt?.state
    this.#env.deps.recorder.call({
      reporter: 'source',
      protocol: this.#grpc === undefined ? 'http' : 'grpc',
      service: cluster.config.service,
      peer: state === undefined ? undefined : this.#env.peerAt(state),
      status: this.#status,
      grpcStatus: this.#grpc === undefined ? undefined : String(this.#grpc.status ?? failedAs(outcome)),
      flags: flag ?? '-',
      durationMs: now - this.#startedAt,
      requestBytes: this.#requestBytes,
      responseBytes: this.#responseBytes,
      requestMessages: this.#grpc?.request.messages,
      responseMessages: this.#grpc?.response.messages,
    })
    this.#onEnd(result)
  }
}

/** The status of gRPC for a copy that nobody has answered, and whose end no error tells. */
function failedAs({ kind }: Outcome): number {
  if (kind === 'timeout') return GRPC_STATUS.DEADLINE_EXCEEDED
  return kind === 'aborted' ? GRPC_STATUS.CANCELLED : GRPC_STATUS.UNAVAILABLE
}
