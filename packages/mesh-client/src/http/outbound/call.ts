import { type BreakerFallback, FIRST_POLICY_WAIT_MS } from '@weft/mesh-protocol'
import type { Dispatcher } from 'undici'
import { callDeadline } from '../../call/deadline.ts'
import type { FaultAbort } from '../../call/fault.ts'
import { ABORTED, LOCAL_OVERFLOW } from '../../call/outcome.ts'
import type { ClusterRuntime } from '../../cluster/types.ts'
import type { BoundCall } from '../../context/bound-calls.ts'
import type { RequestContext } from '../../context/request-context.ts'
import { MeshError } from '../../kernel/errors.ts'
import type { ClientCallFacts } from '../../kernel/tracing.ts'
import type { CompiledDestination, CompiledRoute, RouteRequest, VirtualHostTable } from '../../routing/route-table.ts'
import { chooseDestination } from '../../routing/weighted-split.ts'
import { errors } from '../undici.ts'
import { AccountedCall } from './accounted-call.ts'
import { Attempts } from './attempts.ts'
import { mayControl, takeControls, tellsGrpcTimeout } from './caller-controls.ts'
import type { Environment } from './environment.ts'
import { Exchange, type MeshDispatchOptions, refuseFormerOptions } from './exchange.ts'
import { FaultStep, type FaultyCall } from './fault-step.ts'
import { hashedPick, UNHASHED } from './first-pick.ts'
import { abortReply, fixedReply, routeReply } from './local-reply.ts'
import type { OriginTarget } from './origins.ts'
import { outgoingHeaders } from './outgoing-headers.ts'
import { Passing } from './passing.ts'
import type { HeldCall } from './policy-wait.ts'
import {
  circuitOpen,
  delayedTooLong,
  noCluster,
  noHost,
  noPolicy,
  noPort,
  noRoute,
  overflow,
  tooLate,
} from './refusals.ts'
import { RequestBody } from './request-body.ts'
import { addMissing, findHeader, hostOf, type RequestHeaders, requestHeaders } from './request-headers.ts'
import { requestPath } from './request-path.ts'

const NO_HEADERS: RequestHeaders = []

/** One call of a caller: finds the route, keeps it, and hands the request to its attempts. */
export class Call extends AccountedCall implements RouteRequest, ClientCallFacts, HeldCall, BoundCall, FaultyCall {
  readonly origin: string
  readonly method: string
  path: string
  authority: string
  protected readonly env: Environment
  protected readonly startedAt: number
  protected target: OriginTarget
  readonly #options: MeshDispatchOptions
  readonly #context: RequestContext | undefined
  readonly #body: RequestBody | undefined
  #headers: RequestHeaders = NO_HEADERS
  #fault: FaultStep | undefined = undefined
  /** Whether headers of the caller may have changed what its route says. */
  #controlled = false

  constructor(
    env: Environment,
    options: MeshDispatchOptions,
    handler: Dispatcher.DispatchHandler,
    target: OriginTarget,
  ) {
    super(handler)
    this.env = env
    this.target = target
    this.startedAt = env.deps.clock.now()
    this.#options = options
    this.#context = env.deps.context.getStore()
    this.origin = target.origin
    this.method = options.method
    this.path = options.path
    this.authority = target.authority
    const { body } = options
    this.#body = body === undefined || body === null ? undefined : new RequestBody(body, this)
  }

  get scheme(): string {
    return this.target.scheme
  }

  /** For telemetry: the host as it was called. */
  get host(): string {
    return this.target.hostname
  }

  get port(): number {
    return this.target.port
  }

  header(name: string): string | undefined {
    return findHeader(this.#headers, name)
  }

  start(): void {
    this.env.callStarted()
    try {
      this.begin()
    } catch (error) {
      this.reject(asError(error), ABORTED, this.startedAt)
      return
    }
    if (!this.over && this.#context?.boundCalls?.add(this) === false) this.callerLeft()
    if (!this.over) this.#proceed(this.target, this.startedAt, false)
  }

  released(target: OriginTarget): void {
    if (!this.over) this.#proceed(target, this.env.deps.clock.now(), true)
  }

  /** A stream that is the request's body broke while no attempt was reading it. */
  bodyFailed(error: Error): void {
    if (!this.over && this.attempts === undefined) this.cut(error)
  }

  protected override abandoned(reason: Error | undefined): void {
    if (this.over) return
    this.flag('DC')
    this.cut(reason ?? new errors.RequestAbortedError())
  }

  callerLeft(): void {
    if (this.over) return
    this.flag('DC')
    this.cut(new errors.RequestAbortedError('the caller of the request that this call was made for has left'))
  }

  aborted(abort: FaultAbort): void {
    this.answer(abortReply(abort, this.flags), ABORTED)
  }

  delayedTooLong(): void {
    this.refused(delayedTooLong(this.target), ABORTED)
  }

  spared(now: number): void {
    if (!this.over) this.#takeRoute(this.route as CompiledRoute, now)
  }

  protected override letGo(): void {
    this.#fault?.stop()
    this.#context?.boundCalls?.delete(this)
    this.#body?.close()
    this.#headers = NO_HEADERS
  }

  #proceed(target: OriginTarget, now: number, waited: boolean): void {
    this.target = target
    if (this.env.closed) {
      const closed = new MeshError('WEFT_CLOSED', 'the mesh is closed: make calls before mesh.close()')
      this.reject(closed, ABORTED, this.startedAt)
      return
    }
    switch (target.kind) {
      case 'served':
        this.#enterRoutes(target, target.table as VirtualHostTable, now)
        return
      case 'undecided':
      case 'following':
        if (!waited) this.env.waiting.hold(this, this.startedAt)
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
    this.outside = new Passing(this, () => this.close())
    this.env.passthrough.dispatch(this.#options, this.outside)
  }

  #enterRoutes(target: OriginTarget, table: VirtualHostTable, now: number): void {
    const { deps } = this.env
    try {
      refuseFormerOptions(this.#options)
      this.path = requestPath(this.#options.path, this.#options.query)
      this.#headers = requestHeaders(this.#options.headers, target.authority, this.env.peerHeader)
    } catch (error) {
      this.reject(asError(error), ABORTED, now)
      return
    }
    this.authority = hostOf(this.#headers)
    if (this.#context !== undefined) addMissing(this.#headers, this.#context.headers)
    this.span = deps.tracing.startClient(this)
    const route = table.match(this)
    if (route === undefined) {
      this.refused(noRoute(target, this.method, this.path), ABORTED)
      return
    }
    this.#controlled = mayControl(this.#headers)
    this.#enterRoute(this.#controlled ? takeControls(route, this.#headers) : route, now)
  }

  #enterRoute(route: CompiledRoute, now: number): void {
    this.route = route
    const { fault } = route
    if (fault === undefined) {
      this.#takeRoute(route, now)
      return
    }
    this.#fault = new FaultStep(this.env, fault, this.target.host, this)
    this.#fault.start(now, this.#deadlineOn(route))
  }

  #takeRoute(route: CompiledRoute, now: number): void {
    if (route.reply !== undefined) {
      this.answer(routeReply(route.reply(this)), ABORTED)
      return
    }
    const destination = chooseDestination(route, this.env.deps.random)
    if (destination.reply === undefined) this.#enterCluster(route, destination, now)
    else this.answer(routeReply(destination.reply(this)), ABORTED)
  }

  #deadlineOn({ timeoutMs }: CompiledRoute): number {
    return callDeadline(this.startedAt, timeoutMs, this.#context?.deadline)
  }

  #enterCluster(route: CompiledRoute, destination: CompiledDestination, now: number): void {
    const found = this.env.deps.clusters.get(destination.cluster)
    if (found === undefined) {
      this.refused(noCluster(this.target, route, destination.cluster), ABORTED)
      return
    }
    const cluster = this.#admitted(found, now)
    if (cluster === undefined) return
    const deadline = this.#deadlineOn(route)
    if (deadline <= now) {
      this.refused(tooLate(cluster), ABORTED)
      return
    }
    if (!cluster.tryAcquireRequest()) {
      this.refused(overflow(cluster, 'requests'), LOCAL_OVERFLOW)
      return
    }
    this.holdsRequest = true
    const { method } = this
    const path = destination.rewritePath === undefined ? this.path : destination.rewritePath(this.path)
    const { scheme } = this.target
    const { hashRequest } = cluster
    const headers = outgoingHeaders(this.#headers, destination, this.span)
    const exchange = new Exchange(this.#options, {
      scheme,
      path,
      headers,
      cluster,
      route,
      mutations: destination.mutations,
      span: this.span,
      source: this.#body,
      deadline,
      grpc: this.#controlled && tellsGrpcTimeout(headers),
      firstPick:
        hashRequest === undefined
          ? UNHASHED
          : hashedPick(hashRequest, { method, scheme, path, headers }, this.env.sourceAddress),
    })
    this.attempts = new Attempts(this.env, this, exchange)
    this.attempts.attemptNext(now)
    const { mirrors } = destination
    if (mirrors !== undefined && !this.over) this.env.mirrors.send(mirrors, exchange, now)
  }

  /** The cluster, or the one that stands in for it while its error-rate breaker is open; `undefined`: it is answered. */
  #admitted(cluster: ClusterRuntime, now: number): ClusterRuntime | undefined {
    if (this.#enter(cluster, now)) return cluster
    const fallback = cluster.config.errorRateBreaker?.fallback
    if (fallback !== undefined && 'cluster' in fallback) {
      const other = this.env.deps.clusters.get(fallback.cluster)
      if (other !== undefined && this.#enter(other, now)) return other
    }
    this.#answerOpen(cluster, fallback)
    return undefined
  }

  #enter(cluster: ClusterRuntime, now: number): boolean {
    this.cluster = cluster
    const verdict = cluster.breakerAdmits(now)
    if (verdict === 'open') return false
    this.verdict = verdict
    return true
  }

  #answerOpen(cluster: ClusterRuntime, fallback: BreakerFallback | undefined): void {
    const refusal = circuitOpen(cluster)
    if (fallback === undefined || !('response' in fallback)) {
      this.refused(refusal, LOCAL_OVERFLOW)
      return
    }
    for (const flag of refusal.flags) this.flag(flag)
    this.answer(fixedReply(fallback.response, refusal), LOCAL_OVERFLOW)
  }
}

function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value))
}
