import { type BreakerFallback, FIRST_POLICY_WAIT_MS } from '@weft/mesh-protocol'
import type { Dispatcher } from 'undici'
import { callDeadline } from '../../call/deadline.ts'
import { ABORTED, LOCAL_OVERFLOW, responseOutcome } from '../../call/outcome.ts'
import type { BreakerVerdict, ClusterRuntime, Outcome } from '../../cluster/types.ts'
import type { RequestContext } from '../../context/request-context.ts'
import { MeshError, type MeshErrorCode, type ResponseFlag } from '../../kernel/errors.ts'
import type { ClientCallFacts, ClientSpan } from '../../kernel/tracing.ts'
import type { CompiledDestination, CompiledRoute, RouteRequest, VirtualHostTable } from '../../routing/route-table.ts'
import { chooseDestination } from '../../routing/weighted-split.ts'
import { errors } from '../undici.ts'
import { Attempts, type AttemptsOwner } from './attempts.ts'
import { accountOf, serviceOf } from './call-account.ts'
import { Caller } from './caller.ts'
import type { Environment } from './environment.ts'
import { Exchange, type MeshDispatchOptions, refuseFormerOptions } from './exchange.ts'
import { fixedReply, type LocalReply, type Refusal, refusalReply } from './local-reply.ts'
import type { OriginTarget } from './origins.ts'
import { Passing } from './passing.ts'
import type { HeldCall } from './policy-wait.ts'
import { circuitOpen, noCluster, noHost, noPolicy, noPort, noRoute, overflow, tooLate } from './refusals.ts'
import { RequestBody } from './request-body.ts'
import {
  addMissing,
  findHeader,
  hostOf,
  type RequestHeaders,
  requestHeaders,
  setHeader,
  setHost,
} from './request-headers.ts'
import { requestPath } from './request-path.ts'
import { withCause } from './transport-errors.ts'

const NO_FLAGS: readonly ResponseFlag[] = []
const NO_HEADERS: RequestHeaders = []

/**
 * One call of a caller, from its start to its end: finds the route, keeps it, and hands the request to its attempts.
 * Whatever happens, its caller hears of one end and telemetry of one call.
 */
export class Call extends Caller implements AttemptsOwner, RouteRequest, ClientCallFacts, HeldCall {
  readonly origin: string
  readonly method: string
  path: string
  authority: string
  over = false
  readonly #env: Environment
  readonly #options: MeshDispatchOptions
  readonly #context: RequestContext | undefined
  readonly #startedAt: number
  readonly #body: RequestBody | undefined
  #target: OriginTarget
  #headers: RequestHeaders = []
  #route: CompiledRoute | undefined = undefined
  #cluster: ClusterRuntime | undefined = undefined
  #verdict: BreakerVerdict | undefined = undefined
  #holdsRequest = false
  #span: ClientSpan | undefined = undefined
  #attempts: Attempts | undefined = undefined
  /** There when the call leads outside of the mesh. */
  #outside: Passing | undefined = undefined
  #flags: readonly ResponseFlag[] = NO_FLAGS

  constructor(
    env: Environment,
    options: MeshDispatchOptions,
    handler: Dispatcher.DispatchHandler,
    target: OriginTarget,
  ) {
    super(handler)
    this.#env = env
    this.#options = options
    this.#target = target
    this.#context = env.deps.context.getStore()
    this.#startedAt = env.deps.clock.now()
    this.origin = target.origin
    this.method = options.method
    this.path = options.path
    this.authority = target.authority
    const { body } = options
    this.#body = body === undefined || body === null ? undefined : new RequestBody(body, this)
  }

  get scheme(): string {
    return this.#target.scheme
  }

  /** For telemetry: the host as it was called. */
  get host(): string {
    return this.#target.hostname
  }

  get port(): number {
    return this.#target.port
  }

  header(name: string): string | undefined {
    return findHeader(this.#headers, name)
  }

  start(): void {
    this.#env.callStarted()
    try {
      this.begin()
    } catch (error) {
      this.#reject(asError(error), ABORTED, this.#startedAt)
      return
    }
    if (!this.over) this.#proceed(this.#target, this.#startedAt, false)
  }

  released(target: OriginTarget): void {
    if (!this.over) this.#proceed(target, this.#env.deps.clock.now(), true)
  }

  protected override abandoned(reason: Error | undefined): void {
    if (this.over) return
    this.flag('DC')
    this.#cut(reason ?? new errors.RequestAbortedError())
  }

  /** A stream that is the request's body broke while no attempt was reading it. */
  bodyFailed(error: Error): void {
    if (!this.over && this.#attempts === undefined) this.#cut(error)
  }

  flag(flag: ResponseFlag): void {
    if (!this.#flags.includes(flag)) this.#flags = [...this.#flags, flag]
  }

  refused(refusal: Refusal, outcome: Outcome): void {
    for (const flag of refusal.flags) this.flag(flag)
    this.#reply(refusalReply(refusal, this.#flags), outcome)
  }

  failed(error: Error | undefined, code: MeshErrorCode | undefined, outcome: Outcome, now: number): void {
    if (this.over) return
    if (code === undefined) {
      this.#reject(error ?? new Error('unknown'), outcome, now)
      return
    }
    const account = accountOf(code, this.#facts(), error?.message ?? 'the response was cut off')
    this.#reject(error === undefined ? account : withCause(error, account), outcome, now)
  }

  completed(status: number, now: number): void {
    this.#finish(responseOutcome(status), status, now, undefined)
  }

  #proceed(target: OriginTarget, now: number, waited: boolean): void {
    this.#target = target
    if (this.#env.closed) {
      const closed = new MeshError('WEFT_CLOSED', 'the mesh is closed: make calls before mesh.close()')
      this.#reject(closed, ABORTED, this.#startedAt)
      return
    }
    switch (target.kind) {
      case 'served':
        this.#enterRoutes(target, target.table as VirtualHostTable, now)
        return
      case 'undecided':
      case 'following':
        if (!waited) this.#env.waiting.hold(this, this.#startedAt)
        else if (target.kind === 'undecided') this.#passThrough()
        else this.refused(noPolicy(target, FIRST_POLICY_WAIT_MS), ABORTED)
        return
      case 'outside':
        this.#passThrough()
        return
      case 'absent':
        this.refused(noHost(target), ABORTED)
        return
      case 'unserved':
        this.refused(noPort(target), ABORTED)
    }
  }

  #passThrough(): void {
    this.#outside = new Passing(this, () => this.#close())
    this.#env.passthrough.dispatch(this.#options, this.#outside)
  }

  #enterRoutes(target: OriginTarget, table: VirtualHostTable, now: number): void {
    const { deps } = this.#env
    try {
      refuseFormerOptions(this.#options)
      this.path = requestPath(this.#options.path, this.#options.query)
      this.#headers = requestHeaders(this.#options.headers, target.authority, this.#env.peerHeader)
    } catch (error) {
      this.#reject(asError(error), ABORTED, now)
      return
    }
    this.authority = hostOf(this.#headers)
    if (this.#context !== undefined) addMissing(this.#headers, this.#context.headers)
    this.#span = deps.tracing.startClient(this)
    const route = table.match(this)
    if (route === undefined) {
      this.refused(noRoute(target, this.method, this.path), ABORTED)
      return
    }
    this.#route = route
    const destination = chooseDestination(route, deps.random)
    this.#enterCluster(route, destination, now)
  }

  #enterCluster(route: CompiledRoute, destination: CompiledDestination, now: number): void {
    const found = this.#env.deps.clusters.get(destination.cluster)
    if (found === undefined) {
      this.refused(noCluster(this.#target, route.name, destination.cluster), ABORTED)
      return
    }
    const cluster = this.#admitted(found, now)
    if (cluster === undefined) return
    const deadline = callDeadline(this.#startedAt, route.timeoutMs, this.#context?.deadline)
    if (deadline <= now) {
      this.refused(tooLate(cluster), ABORTED)
      return
    }
    if (!cluster.tryAcquireRequest()) {
      this.refused(overflow(cluster, 'requests'), LOCAL_OVERFLOW)
      return
    }
    this.#holdsRequest = true
    const headers = this.#finalHeaders(destination)
    const exchange = new Exchange(this.#options, {
      scheme: this.#target.scheme,
      path: this.path,
      headers,
      cluster,
      route,
      mutations: destination.mutations,
      span: this.#span,
      source: this.#body,
      deadline,
    })
    this.#attempts = new Attempts(this.#env, this, exchange)
    this.#attempts.attemptNext(now)
  }

  /** The cluster, or the one that stands in for it while its error-rate breaker is open; `undefined`: it is answered. */
  #admitted(cluster: ClusterRuntime, now: number): ClusterRuntime | undefined {
    if (this.#enter(cluster, now)) return cluster
    const fallback = cluster.config.errorRateBreaker?.fallback
    if (fallback !== undefined && 'cluster' in fallback) {
      const other = this.#env.deps.clusters.get(fallback.cluster)
      if (other !== undefined && this.#enter(other, now)) return other
    }
    this.#answerOpen(cluster, fallback)
    return undefined
  }

  #enter(cluster: ClusterRuntime, now: number): boolean {
    this.#cluster = cluster
    const verdict = cluster.breakerAdmits(now)
    if (verdict === 'open') return false
    this.#verdict = verdict
    return true
  }

  #answerOpen(cluster: ClusterRuntime, fallback: BreakerFallback | undefined): void {
    const refusal = circuitOpen(cluster)
    if (fallback === undefined || !('response' in fallback)) {
      this.refused(refusal, LOCAL_OVERFLOW)
      return
    }
    for (const flag of refusal.flags) this.flag(flag)
    this.#reply(fixedReply(fallback.response, refusal), LOCAL_OVERFLOW)
  }

  #finalHeaders({ mutations, hostRewrite }: CompiledDestination): RequestHeaders {
    let headers = this.#headers
    // What the mutations give back is either this call's own list or a new one.
    if (mutations !== undefined) headers = mutations.request(headers) as RequestHeaders
    if (hostRewrite !== undefined) setHost(headers, hostRewrite)
    if (this.#span !== undefined) injectSpan(this.#span, headers)
    return headers
  }

  #reply(reply: LocalReply, outcome: Outcome): void {
    this.#finish(outcome, reply.status, this.#env.deps.clock.now(), undefined)
    queueMicrotask(() => this.reply(reply, this.method !== 'HEAD'))
  }

  #reject(error: Error, outcome: Outcome, now: number): void {
    this.#finish(outcome, this.#attempts?.status ?? 0, now, error)
    this.fail(error)
  }

  #cut(error: Error): void {
    const now = this.#env.deps.clock.now()
    this.#outside?.drop(error)
    this.#attempts?.stop(ABORTED, now, error)
    this.#reject(error, ABORTED, now)
  }

  /** Gives everything back and tells telemetry; the caller hears of it after. */
  #finish(outcome: Outcome, status: number, now: number, error: Error | undefined): void {
    if (this.over) return
    this.#attempts?.settle()
    const cluster = this.#cluster
    if (cluster !== undefined) {
      if (this.#holdsRequest) cluster.releaseRequest()
      if (this.#verdict !== undefined) cluster.callEnded(outcome, this.#verdict, now)
    }
    if (this.#outside === undefined) this.#record(status, now, error)
    this.#close()
  }

  #record(status: number, now: number, error: Error | undefined): void {
    const flags = this.#flags.length === 0 ? '-' : this.#flags.join(',')
    const attempts = this.#attempts
    const endpoint = attempts?.endpoint
    this.#env.deps.recorder.call({
      reporter: 'source',
      protocol: 'http',
      service: this.#cluster?.config.service ?? serviceOf(this.#target.host),
      peer: endpoint === undefined ? undefined : this.#env.peerAt(endpoint.endpoint),
      status,
      grpcStatus: undefined,
      flags,
      durationMs: now - this.#startedAt,
      requestBytes: attempts?.requestBytes ?? 0,
      responseBytes: attempts?.responseBytes ?? 0,
    })
    this.#span?.end(error === undefined ? { status, flags } : { status, flags, error })
  }

  /** Lets go of all that was needed: a platform that keeps the controller for long would keep it too. */
  #close(): void {
    this.over = true
    this.#body?.close()
    this.#attempts = undefined
    this.#outside = undefined
    this.#headers = NO_HEADERS
    this.#env.callFinished()
  }

  #facts(): Parameters<typeof accountOf>[1] {
    return {
      service: this.#target.host,
      route: this.#route?.name,
      endpoint: this.#attempts?.endpoint?.endpoint.id,
      attempts: this.#attempts?.count ?? 0,
      flags: this.#flags,
    }
  }
}

function injectSpan(span: ClientSpan, headers: RequestHeaders): void {
  span.inject((name, value) => setHeader(headers, name, value))
}

function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value))
}
