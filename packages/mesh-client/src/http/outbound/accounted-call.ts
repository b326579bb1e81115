import { GRPC_STATUS, type ServiceRef } from '@weft/mesh-protocol'
import { ABORTED } from '../../call/outcome.ts'
import type { BreakerVerdict, ClusterRuntime, EndpointState, Outcome } from '../../cluster/types.ts'
import { flagsText, type MeshErrorCode, type ResponseFlag } from '../../kernel/errors.ts'
import { grpcStatusIn } from '../../kernel/grpc-status.ts'
import type { MeteredStream } from '../../kernel/message-meter.ts'
import type { CallEnd, ClientSpan } from '../../kernel/tracing.ts'
import type { CompiledRoute } from '../../routing/route-table.ts'
import type { AttemptsOwner } from './attempt-relay.ts'
import type { Attempts } from './attempts.ts'
import { accountOf, serviceOf } from './call-account.ts'
import { Caller } from './caller.ts'
import type { Environment } from './environment.ts'
import { grpcStatusOfFailure } from './grpc-failure.ts'
import { type LocalReply, type Refusal, refusalReply } from './local-reply.ts'
import type { OriginTarget } from './origins.ts'
import type { Passing } from './passing.ts'
import { withCause } from './transport-errors.ts'

const NO_FLAGS: readonly ResponseFlag[] = []

/**
 * What a call holds while it runs and how it ends: whatever happens, its places are given back, telemetry hears of one
 * call, and its caller of one end.
 */
export abstract class AccountedCall extends Caller implements AttemptsOwner, MeteredStream {
  /** The caller has been told the end, or is about to be. */
  over = false
  abstract readonly method: string
  /** A call of gRPC, whoever makes it. */
  abstract readonly isGrpc: boolean
  abstract readonly host: string
  abstract readonly port: number
  abstract path: string
  protected abstract readonly env: Environment
  protected abstract readonly startedAt: number
  protected abstract target: OriginTarget
  protected route: CompiledRoute | undefined = undefined
  protected cluster: ClusterRuntime | undefined = undefined
  /** There once the cluster's breaker has let the call in. */
  protected verdict: BreakerVerdict | undefined = undefined
  /** Whether it has a place among the cluster's requests. */
  protected holdsRequest = false
  protected span: ClientSpan | undefined = undefined
  protected attempts: Attempts | undefined = undefined
  /** There when the call leads outside of the mesh. */
  protected outside: Passing | undefined = undefined
  #flags: readonly ResponseFlag[] = NO_FLAGS

  /** Lets go of what was needed only while the call ran. */
  protected abstract letGo(): void

  /** Where the newest attempt went, for edges that tell their callers. */
  get endpoint(): EndpointState | undefined {
    return this.attempts?.endpoint
  }

  protected get flags(): readonly ResponseFlag[] {
    return this.#flags
  }

  flag(flag: ResponseFlag): void {
    if (!this.#flags.includes(flag)) this.#flags = [...this.#flags, flag]
  }

  refused(refusal: Refusal, outcome: Outcome): void {
    for (const flag of refusal.flags) this.flag(flag)
    this.answer(refusalReply(refusal, this.#flags, this.isGrpc), outcome)
  }

  failed(error: Error | undefined, code: MeshErrorCode | undefined, outcome: Outcome, now: number): void {
    if (this.over) return
    if (code === undefined) {
      this.reject(error ?? new Error('unknown'), outcome, now)
      return
    }
    const account = accountOf(code, this.#facts(), error)
    this.reject(error === undefined ? account : withCause(error, account), outcome, now)
  }

  completed(outcome: Outcome, status: number, now: number): void {
    this.#finish(outcome, status, now, undefined, this.attempts?.grpc?.status)
  }

  /** Ends the call with a response of the mesh itself. */
  protected answer(reply: LocalReply, outcome: Outcome): void {
    const grpcStatus = this.isGrpc ? grpcStatusIn(reply.head.headers) : undefined
    this.#finish(outcome, reply.status, this.env.deps.clock.now(), undefined, grpcStatus)
    queueMicrotask(() => this.reply(reply, this.method !== 'HEAD'))
  }

  protected reject(error: Error, outcome: Outcome, now: number): void {
    this.#finish(outcome, this.attempts?.status ?? 0, now, error, this.isGrpc ? this.#failedAs(error) : undefined)
    this.fail(error)
  }

  /** Ends the call wherever it is. */
  cut(error: Error): void {
    if (this.over) return
    const now = this.env.deps.clock.now()
    this.outside?.drop(error)
    this.attempts?.stop(ABORTED, now, error)
    this.reject(error, ABORTED, now)
  }

  streaming(): void {
    this.env.meter.follow(this)
  }

  tellMessages(): void {
    const endpoint = this.attempts?.endpoint
    if (endpoint === undefined) return
    const messages = this.attempts?.grpc?.take()
    if (messages === undefined || messages.request + messages.response === 0) return
    this.env.deps.recorder.messages({
      reporter: 'source',
      service: this.#service,
      peer: this.env.peerAt(endpoint),
      requestMessages: messages.request,
      responseMessages: messages.response,
    })
  }

  protected close(): void {
    this.over = true
    if (this.attempts?.grpc?.isStream === true) this.env.meter.leave(this)
    // A platform that keeps the controller for long would keep all of it too.
    this.attempts = undefined
    this.outside = undefined
    this.letGo()
    this.env.callFinished()
  }

  /** Gives everything back and tells telemetry; the caller hears of it after. */
  #finish(
    outcome: Outcome,
    status: number,
    now: number,
    error: Error | undefined,
    grpcStatus: number | undefined,
  ): void {
    if (this.over) return
    this.attempts?.settle()
    const { cluster } = this
    if (cluster !== undefined) {
      if (this.holdsRequest) cluster.releaseRequest()
      if (this.verdict !== undefined) cluster.callEnded(outcome, this.verdict, now)
    }
    if (this.outside === undefined) this.#record(status, now, error, grpcStatus)
    this.close()
  }

  #record(status: number, now: number, error: Error | undefined, grpcStatus: number | undefined): void {
    const flags = flagsText(this.#flags)
    const { attempts } = this
    const endpoint = attempts?.endpoint
    const grpc = grpcStatus === undefined ? undefined : String(grpcStatus)
    const messages = attempts?.grpc?.take()
    this.env.deps.recorder.call({
      reporter: 'source',
      protocol: this.isGrpc ? 'grpc' : 'http',
      service: this.#service,
      peer: endpoint === undefined ? undefined : this.env.peerAt(endpoint),
      status,
      grpcStatus: grpc,
      flags,
      durationMs: now - this.startedAt,
      requestBytes: attempts?.requestBytes ?? 0,
      responseBytes: attempts?.responseBytes ?? 0,
      requestMessages: messages?.request,
      responseMessages: messages?.response,
      rpc: this.isGrpc ? this : undefined,
    })
    this.span?.end(endOf(status, flags, error, grpc))
  }

  /** What the caller of gRPC makes of a failure. */
  #failedAs(error: Error): number {
    return this.#flags.includes('DC') ? GRPC_STATUS.CANCELLED : grpcStatusOfFailure(error)
  }

  get #service(): ServiceRef {
    return this.cluster?.config.service ?? serviceOf(this.target.host)
  }

  #facts(): Parameters<typeof accountOf>[1] {
    return {
      service: this.target.host,
      route: this.route?.name,
      endpoint: this.attempts?.endpoint?.endpoint.id,
      attempts: this.attempts?.count ?? 0,
      flags: this.#flags,
    }
  }
}

function endOf(status: number, flags: string, error: Error | undefined, grpcStatus: string | undefined): CallEnd {
  if (grpcStatus === undefined) return error === undefined ? { status, flags } : { status, flags, error }
  return error === undefined ? { status, flags, grpcStatus } : { status, flags, error, grpcStatus }
}
