import type { BreakerFallback } from '@weft/mesh-protocol'
import { callDeadline } from '../../call/deadline.ts'
import type { FaultAbort } from '../../call/fault.ts'
import { ABORTED, LOCAL_OVERFLOW } from '../../call/outcome.ts'
import type { ClusterRuntime } from '../../cluster/types.ts'
import type { RequestContext } from '../../context/request-context.ts'
import type { CompiledDestination, CompiledRoute, RouteRequest } from '../../routing/route-table.ts'
import { chooseDestination } from '../../routing/weighted-split.ts'
import { AccountedCall } from './accounted-call.ts'
import { Attempts } from './attempts.ts'
import { CONTROLS, GRPC, takeControls } from './caller-controls.ts'
import { Exchange, type MeshDispatchOptions, switchesProtocol } from './exchange.ts'
import { FaultStep, type FaultyCall } from './fault-step.ts'
import { type FirstPick, hashedPick, namedPick, UNHASHED } from './first-pick.ts'
import { abortReply, fixedReply, routeReply } from './local-reply.ts'
import { multiplexes } from './multiplexes.ts'
import { outgoingHeaders } from './outgoing-headers.ts'
import { circuitOpen, delayedTooLong, noCluster, overflow, tooLate } from './refusals.ts'
import type { RequestBody } from './request-body.ts'
import { findHeader, hostOf, type RequestHeaders } from './request-headers.ts'

const NO_HEADERS: RequestHeaders = []

/** A call whose route is found: it keeps the route to its end, and hands the request to its attempts. */
export abstract class RoutedCall extends AccountedCall implements RouteRequest, FaultyCall {
  abstract authority: string
  protected abstract readonly options: MeshDispatchOptions
  protected abstract readonly context: RequestContext | undefined
  protected abstract readonly body: RequestBody | undefined
  protected headers: RequestHeaders = NO_HEADERS
  #fault: FaultStep | undefined = undefined
  /** What the headers of the caller make of it: `traitsOf`. */
  protected traits = 0

  get scheme(): string {
    return this.target.scheme
  }

  get isGrpc(): boolean {
    return (this.traits & GRPC) !== 0
  }

  /** For telemetry: the host as it was called. */
  get host(): string {
    return this.target.hostname
  }

  get port(): number {
    return this.target.port
  }

  header(name: string): string | undefined {
    return findHeader(this.headers, name)
  }

  failOnPurpose(abort: FaultAbort): void {
    this.answer(abortReply(abort, this.flags, this.isGrpc), ABORTED)
  }

  outOfTime(): void {
    this.refused(delayedTooLong(this.target), ABORTED)
  }

  spared(now: number): void {
    if (!this.over) this.#takeRoute(this.route as CompiledRoute, now)
  }

  protected override letGo(): void {
    this.#fault?.stop()
    this.body?.close()
    this.headers = NO_HEADERS
  }

  /** Does what a route says, with what the caller asks for in its headers. */
  protected followRoute(matched: CompiledRoute, now: number): void {
    const route = (this.traits & CONTROLS) === 0 ? matched : takeControls(matched, this.headers)
    this.route = route
    const { fault } = route
    if (fault === undefined) {
      this.#takeRoute(route, now)
      return
    }
    const destination = route.reply === undefined ? chooseDestination(route, this.env.deps.random) : undefined
    this.#fault = new FaultStep(this.env, fault, this.target.host, this, destination)
    this.#fault.start(now, this.#deadlineOn(route))
  }

  #takeRoute(route: CompiledRoute, now: number): void {
    if (route.reply !== undefined) {
      this.answer(routeReply(route.reply(this), this.isGrpc), ABORTED)
      return
    }
    const destination = this.#fault?.destination ?? chooseDestination(route, this.env.deps.random)
    if (destination.reply === undefined) this.#enterCluster(route, destination, now)
    else this.answer(routeReply(destination.reply(this), this.isGrpc), ABORTED)
  }

  #deadlineOn({ timeoutMs }: CompiledRoute): number {
    return callDeadline(this.startedAt, timeoutMs, this.context?.deadline)
  }

  #enterCluster(route: CompiledRoute, destination: CompiledDestination, now: number): void {
    const found = this.#fault?.cluster ?? this.env.deps.clusters.get(destination.cluster)
    if (found === undefined) {
      const refusal = noCluster(this.target, route.name, destination.cluster, route.clusterNotFoundStatus)
      this.refused(refusal, ABORTED)
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
    const path = destination.rewritePath === undefined ? this.path : destination.rewritePath(this.path)
    const headers = outgoingHeaders(this.headers, this, destination, this.span, this.#goesByUndici(cluster))
    const exchange = new Exchange(this.options, {
      scheme: this.target.scheme,
      path,
      headers,
      servername: this.#serverName(headers),
      cluster,
      route,
      mutations: destination.mutations,
      span: this.span,
      source: this.body,
      deadline,
      isGrpc: this.isGrpc,
      firstPick: this.#firstPick(cluster, path, headers),
    })
    this.attempts = new Attempts(this.env, this, exchange)
    this.attempts.attemptNext(now)
    const { mirrors } = destination
    if (mirrors !== undefined && !this.over) this.env.mirrors.send(mirrors, exchange, now)
  }

  #goesByUndici({ config }: ClusterRuntime): boolean {
    return (!this.isGrpc && !multiplexes(config)) || switchesProtocol(this.options)
  }

  /** What TLS asks for; said also where there is none, because undici works it out of the host else. */
  #serverName(headers: RequestHeaders): string | null | undefined {
    const { servername } = this.options
    if (servername !== undefined && servername !== null) return servername
    return hostOf(headers) === this.target.authority ? this.target.serverName : undefined
  }

  #firstPick({ hashRequest, goesWhereNamed }: ClusterRuntime, path: string, headers: RequestHeaders): FirstPick {
    if (goesWhereNamed) return namedPick(this.target)
    if (hashRequest === undefined) return UNHASHED
    const { method, scheme } = this
    return hashedPick(hashRequest, { method, scheme, path, headers }, this.env.sourceAddress)
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
    this.answer(fixedReply(fallback.response, refusal, this.isGrpc), LOCAL_OVERFLOW)
  }
}
