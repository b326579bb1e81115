import type { Dispatcher } from 'undici'
import { isSafeMethod } from '../../call/retry-policy.ts'
import type { ClusterRuntime, PickContext } from '../../cluster/types.ts'
import type { ClientSpan } from '../../kernel/tracing.ts'
import type { CompiledMutations, CompiledRoute } from '../../routing/route-table.ts'
import { errors } from '../undici.ts'
import { type FirstPick, UNHASHED } from './first-pick.ts'
import type { RequestBody } from './request-body.ts'
import type { RequestHeaders } from './request-headers.ts'

/** Options of a dispatch, with those that undici takes beside its types. */
export interface MeshDispatchOptions extends Dispatcher.DispatchOptions {
  readonly servername?: string | null
  readonly throwOnError?: unknown
  readonly maxRedirections?: unknown
}

/** Whether a request asks for another protocol on its connection. */
export function switchesProtocol({
  method,
  upgrade,
}: {
  readonly method: string
  readonly upgrade?: Dispatcher.DispatchOptions['upgrade'] | undefined
}): boolean {
  return method === 'CONNECT' || (upgrade !== undefined && upgrade !== null)
}

/** Options of older undicis, which undici refuses lest somebody relies on them: they are not carried to it. */
export function refuseFormerOptions({ throwOnError, maxRedirections }: MeshDispatchOptions): void {
  if (throwOnError !== undefined && throwOnError !== null) throw new errors.InvalidArgumentError('invalid throwOnError')
  if (maxRedirections !== undefined && maxRedirections !== null && maxRedirections !== 0) {
    throw new errors.InvalidArgumentError('maxRedirections is not supported, use the redirect interceptor')
  }
}

/** What was decided about a call before its first attempt. */
export interface ExchangeFacts {
  readonly scheme: 'http' | 'https'
  readonly path: string
  readonly headers: RequestHeaders
  readonly servername: string | null | undefined
  readonly cluster: ClusterRuntime
  readonly route: CompiledRoute
  readonly mutations: CompiledMutations | undefined
  readonly span: ClientSpan | undefined
  readonly source: RequestBody | undefined
  readonly deadline: number
  readonly firstPick: FirstPick
  readonly isGrpc: boolean
}

/**
 * A request on its way to one cluster. It is what undici is given as options (which it takes by name, so that the rest
 * does no harm): one object a call, of one shape, and no copy of the caller's options.
 */
export class Exchange {
  readonly path: string
  readonly method: string
  readonly headers: RequestHeaders
  /** Set for each attempt. */
  body: unknown = null
  readonly upgrade: MeshDispatchOptions['upgrade']
  readonly idempotent: boolean | undefined
  readonly blocking: boolean | undefined
  readonly headersTimeout: number | null | undefined
  readonly bodyTimeout: number | null | undefined
  readonly reset: boolean | undefined
  readonly expectContinue: boolean | undefined
  readonly typeOfService: number | null | undefined
  readonly servername: string | null | undefined

  readonly scheme: 'http' | 'https'
  readonly cluster: ClusterRuntime
  readonly route: CompiledRoute
  /** Header changes of the route, for the response. */
  readonly mutations: CompiledMutations | undefined
  readonly span: ClientSpan | undefined
  /** Where {@link body} comes from. */
  readonly source: RequestBody | undefined
  /** When the call has to be over. */
  readonly deadline: number
  /** What the first attempt is picked by. */
  readonly firstPick: PickContext
  /** A request of gRPC: it goes over HTTP/2 wherever it goes. */
  readonly isGrpc: boolean
  /** Cookies that the response is to carry besides its own. */
  readonly setCookies: readonly string[] | undefined

  constructor(given: MeshDispatchOptions, facts: ExchangeFacts) {
    this.path = facts.path
    this.method = given.method
    this.headers = facts.headers
    this.upgrade = given.upgrade
    this.idempotent = given.idempotent
    this.blocking = given.blocking
    this.headersTimeout = given.headersTimeout
    this.bodyTimeout = given.bodyTimeout
    this.reset = given.reset
    this.expectContinue = given.expectContinue
    this.typeOfService = given.typeOfService
    this.servername = facts.servername
    this.scheme = facts.scheme
    this.cluster = facts.cluster
    this.route = facts.route
    this.mutations = facts.mutations
    this.span = facts.span
    this.source = facts.source
    this.deadline = facts.deadline
    this.firstPick = facts.firstPick.context
    this.setCookies = facts.firstPick.setCookies
    this.isGrpc = facts.isGrpc
  }

  /** The same request, to be changed apart from this one. */
  copy(): Exchange {
    const firstPick = { context: this.firstPick, setCookies: this.setCookies }
    return new Exchange(this as MeshDispatchOptions, { ...this, headers: [...this.headers], firstPick })
  }

  /** The request for another cluster, without what only its caller can use. */
  copyFor(cluster: ClusterRuntime): Exchange {
    const { path, method, idempotent, headersTimeout, bodyTimeout } = this
    const options = { path, method, idempotent, headersTimeout, bodyTimeout } as MeshDispatchOptions
    const headers = [...this.headers]
    return new Exchange(options, {
      ...this,
      headers,
      servername: undefined,
      cluster,
      mutations: undefined,
      span: undefined,
      firstPick: UNHASHED,
    })
  }

  /** May be sent twice: the method is safe, or the caller says so. */
  get safe(): boolean {
    return this.idempotent ?? isSafeMethod(this.method)
  }

  /** Asks for another protocol on the connection: never sent twice. */
  get switches(): boolean {
    return switchesProtocol(this)
  }
}
