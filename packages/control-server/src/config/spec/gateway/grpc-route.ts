import type { HttpFilter } from './http-filters.ts'
import type { HttpValueMatch } from './http-route.ts'
import type { BackendReference, CommonRouteSpec, SessionPersistence } from './references.ts'

/** At least one of service and method says something. */
export interface GrpcMethodMatch {
  /** Default Exact. */
  readonly type?: 'Exact' | 'RegularExpression'
  /** With its package. Absent or empty: every service. */
  readonly service?: string
  /** Absent or empty: every method. */
  readonly method?: string
}

export interface GrpcRouteMatch {
  readonly method?: GrpcMethodMatch
  readonly headers?: readonly HttpValueMatch[]
}

type FilterType = 'RequestHeaderModifier' | 'ResponseHeaderModifier' | 'RequestMirror' | 'ExtensionRef'

/** The filters of an HTTPRoute that a gRPC call has a use for. */
export interface GrpcFilter
  extends Pick<HttpFilter, 'requestHeaderModifier' | 'responseHeaderModifier' | 'requestMirror' | 'extensionRef'> {
  readonly type: FilterType
}

export interface GrpcBackendReference extends BackendReference {
  readonly filters?: readonly GrpcFilter[]
}

export interface GrpcRouteRule {
  readonly name?: string
  /** Absent or empty: every call. */
  readonly matches?: readonly GrpcRouteMatch[]
  readonly filters?: readonly GrpcFilter[]
  readonly backendRefs?: readonly GrpcBackendReference[]
  readonly sessionPersistence?: SessionPersistence
}

/** `gateway.networking.k8s.io` GRPCRoute. */
export interface GrpcRouteSpec extends CommonRouteSpec {
  readonly hostnames?: readonly string[]
  /** Absent or empty: none, so that no call is taken. */
  readonly rules?: readonly GrpcRouteRule[]
}
