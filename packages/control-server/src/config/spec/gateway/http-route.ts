import type { HttpFilter } from './http-filters.ts'
import type { BackendReference, CommonRouteSpec, SessionPersistence } from './references.ts'

export interface HttpPathMatch {
  /** Default PathPrefix. */
  readonly type?: 'Exact' | 'PathPrefix' | 'RegularExpression'
  /** Default `/`. */
  readonly value?: string
}

export interface HttpValueMatch {
  readonly type?: 'Exact' | 'RegularExpression'
  readonly name: string
  readonly value: string
}

export interface HttpRouteMatch {
  readonly path?: HttpPathMatch
  readonly headers?: readonly HttpValueMatch[]
  readonly queryParams?: readonly HttpValueMatch[]
  readonly method?: string
}

export interface HttpBackendReference extends BackendReference {
  readonly filters?: readonly HttpFilter[]
}

export interface HttpRouteRetry {
  readonly codes?: readonly number[]
  /** Attempts after the first. */
  readonly attempts?: number
  readonly backoff?: string
}

export interface HttpRouteTimeouts {
  readonly request?: string
  readonly backendRequest?: string
}

export interface HttpRouteRule {
  readonly name?: string
  readonly matches?: readonly HttpRouteMatch[]
  readonly filters?: readonly HttpFilter[]
  readonly backendRefs?: readonly HttpBackendReference[]
  readonly timeouts?: HttpRouteTimeouts
  readonly retry?: HttpRouteRetry
  readonly sessionPersistence?: SessionPersistence
}

/** `gateway.networking.k8s.io` HTTPRoute. */
export interface HttpRouteSpec extends CommonRouteSpec {
  readonly hostnames?: readonly string[]
  readonly rules?: readonly HttpRouteRule[]
}

/** What an absent `rules` stands for. */
export const DEFAULT_RULES: readonly HttpRouteRule[] = [{}]

/** What absent `matches` stand for. */
export const DEFAULT_MATCHES: readonly HttpRouteMatch[] = [{}]

/** A path match with its defaults: everything. */
export function pathOf({ path }: HttpRouteMatch): Required<HttpPathMatch> {
  return { type: path?.type ?? 'PathPrefix', value: path?.value ?? '/' }
}
