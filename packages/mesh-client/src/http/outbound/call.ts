import { FIRST_POLICY_WAIT_MS } from '@weft/mesh-protocol'
import type { Dispatcher } from 'undici'
import { ABORTED } from '../../call/outcome.ts'
import type { BoundCall } from '../../context/bound-calls.ts'
import type { RequestContext } from '../../context/request-context.ts'
import { asError } from '../../kernel/as-error.ts'
import { MeshError } from '../../kernel/errors.ts'
import type { ClientCallFacts } from '../../kernel/tracing.ts'
import type { VirtualHostTable } from '../../routing/route-table.ts'
import { errors } from '../undici.ts'
import { traitsOf } from './caller-controls.ts'
import type { Environment } from './environment.ts'
import { type MeshDispatchOptions, refuseFormerOptions } from './exchange.ts'
import { inheritHeaders } from './inherited-headers.ts'
import type { Refusal } from './local-reply.ts'
import type { OriginTarget } from './origins.ts'
import { Passing } from './passing.ts'
import type { HeldCall } from './policy-wait.ts'
import { noHost, noPolicy, noPort, noRoute, notInRegistry } from './refusals.ts'
import { RequestBody } from './request-body.ts'
import { hostOf, requestHeaders } from './request-headers.ts'
import { requestPath } from './request-path.ts'
import { RoutedCall } from './routed-call.ts'

/** One call of a caller, from its start to the route that it follows. */
export class Call extends RoutedCall implements ClientCallFacts, HeldCall, BoundCall {
  readonly origin: string
  readonly method: string
  path: string
  authority: string
  protected readonly env: Environment
  protected readonly startedAt: number
  protected target: OriginTarget
  protected readonly options: MeshDispatchOptions
  protected readonly context: RequestContext | undefined
  protected readonly body: RequestBody | undefined

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
    this.options = options
    this.context = env.deps.context.getStore()
    this.origin = target.origin
    this.method = options.method
    this.path = options.path
    this.authority = target.authority
    const { body } = options
    this.body = body === undefined || body === null ? undefined : new RequestBody(body, this)
  }

  start(): void {
    this.env.callStarted()
    try {
      this.begin()
    } catch (error) {
      this.reject(asError(error), ABORTED, this.startedAt)
      return
    }
    if (!this.over && this.context?.boundCalls?.add(this) === false) this.callerLeft()
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

  protected override letGo(): void {
    super.letGo()
    this.context?.boundCalls?.delete(this)
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
        else this.#turnAway(noPolicy(target, FIRST_POLICY_WAIT_MS))
        return
      case 'outside':
        this.#passThrough()
        return
      case 'blocked':
        this.#turnAway(notInRegistry(target))
        return
      case 'absent':
        this.#turnAway(noHost(target))
        return
      case 'unserved':
        this.#turnAway(noPort(target))
    }
  }

  /** Refuses a call whose headers nobody has looked at: gRPC is to be answered in its own words. */
  #turnAway(refusal: Refusal): void {
    try {
      this.traits = traitsOf(requestHeaders(this.options.headers, '', ''))
    } catch {
      // Headers that cannot be read are of no use to anybody; the refusal stands.
    }
    this.span = this.env.deps.tracing.startClient(this)
    this.refused(refusal, ABORTED)
  }

  #passThrough(): void {
    this.outside = new Passing(this, () => this.close())
    this.env.passthrough.dispatch(this.options, this.outside)
  }

  #enterRoutes(target: OriginTarget, table: VirtualHostTable, now: number): void {
    const { deps } = this.env
    try {
      refuseFormerOptions(this.options)
      this.path = requestPath(this.options.path, this.options.query)
      this.headers = requestHeaders(this.options.headers, target.authority, this.env.peerHeader)
    } catch (error) {
      this.reject(asError(error), ABORTED, now)
      return
    }
    this.authority = hostOf(this.headers)
    if (this.context !== undefined) inheritHeaders(this.headers, this.context)
    this.traits = traitsOf(this.headers)
    this.span = deps.tracing.startClient(this)
    const route = table.match(this)
    if (route === undefined) {
      this.refused(noRoute(target, this.method, this.path), ABORTED)
      return
    }
    this.followRoute(route, now)
  }
}
