/*
 * The specs of `networking.istio.io` VirtualService as people write them: the protocol buffer's JSON form, where an
 * absent field stands for its zero value. Only what passed the schema has these types.
 */

/** `istio.networking.v1.VirtualService`. */
export interface VirtualServiceSpec {
  readonly hosts?: readonly string[]
  readonly gateways?: readonly string[]
  readonly http?: readonly HttpRoute[]
  readonly tls?: readonly TlsRoute[]
  readonly tcp?: readonly TcpRoute[]
  readonly exportTo?: readonly string[]
}

/** At most one of them; none means that the property is there at all. */
export interface StringMatch {
  readonly exact?: string
  readonly prefix?: string
  readonly regex?: string
}

export type StringMatchMap = Readonly<Record<string, StringMatch>>

export interface Percent {
  readonly value?: number
}

export interface PortSelector {
  readonly number?: number
}

export interface Destination {
  readonly host: string
  readonly subset?: string
  readonly port?: PortSelector
}

export interface HeaderOperations {
  readonly set?: Readonly<Record<string, string>>
  readonly add?: Readonly<Record<string, string>>
  readonly remove?: readonly string[]
}

export interface Headers {
  readonly request?: HeaderOperations
  readonly response?: HeaderOperations
}

export interface RouteDestination {
  readonly destination: Destination
  readonly weight?: number
}

export interface HttpRouteDestination extends RouteDestination {
  readonly headers?: Headers
}

export interface HttpMatchRequest {
  readonly name?: string
  readonly uri?: StringMatch
  readonly scheme?: StringMatch
  readonly method?: StringMatch
  readonly authority?: StringMatch
  readonly headers?: StringMatchMap
  readonly withoutHeaders?: StringMatchMap
  readonly queryParams?: StringMatchMap
  readonly ignoreUriCase?: boolean
  readonly port?: number
  readonly sourceLabels?: Readonly<Record<string, string>>
  readonly sourceNamespace?: string
  readonly gateways?: readonly string[]
  readonly statPrefix?: string
}

export interface HttpRetry {
  readonly attempts?: number
  readonly perTryTimeout?: string
  readonly retryOn?: string
  readonly retryRemoteLocalities?: boolean
  readonly retryIgnorePreviousHosts?: boolean
  readonly backoff?: string
}

export interface HttpRedirect {
  readonly uri?: string
  readonly authority?: string
  readonly scheme?: string
  readonly redirectCode?: number
  readonly prefixRewrite?: string
  readonly port?: number
  readonly derivePort?: 'FROM_PROTOCOL_DEFAULT' | 'FROM_REQUEST_PORT'
}

export interface HttpDirectResponse {
  readonly status: number
  readonly body?: { readonly string?: string; readonly bytes?: string }
}

export interface HttpRewrite {
  readonly uri?: string
  readonly authority?: string
  readonly uriRegexRewrite?: { readonly match?: string; readonly rewrite?: string }
}

export interface FaultDelay {
  readonly percent?: number
  readonly percentage?: Percent
  readonly fixedDelay?: string
  readonly exponentialDelay?: string
}

export interface FaultAbort {
  readonly percentage?: Percent
  readonly httpStatus?: number
  readonly grpcStatus?: string
  readonly http2Error?: string
}

export interface HttpFaultInjection {
  readonly delay?: FaultDelay
  readonly abort?: FaultAbort
}

export interface HttpMirrorPolicy {
  readonly destination: Destination
  readonly percentage?: Percent
}

export interface CorsPolicy {
  readonly allowOrigin?: readonly string[]
  readonly allowOrigins?: readonly StringMatch[]
  readonly allowMethods?: readonly string[]
  readonly allowHeaders?: readonly string[]
  readonly exposeHeaders?: readonly string[]
  readonly maxAge?: string
  readonly allowCredentials?: boolean
  readonly unmatchedPreflights?: 'UNSPECIFIED' | 'FORWARD' | 'IGNORE'
}

export interface Delegate {
  readonly name?: string
  readonly namespace?: string
}

export interface HttpRoute {
  readonly name?: string
  readonly match?: readonly HttpMatchRequest[]
  readonly route?: readonly HttpRouteDestination[]
  readonly redirect?: HttpRedirect
  readonly directResponse?: HttpDirectResponse
  readonly delegate?: Delegate
  readonly rewrite?: HttpRewrite
  readonly timeout?: string
  readonly retries?: HttpRetry
  readonly fault?: HttpFaultInjection
  readonly mirror?: Destination
  readonly mirrors?: readonly HttpMirrorPolicy[]
  readonly mirrorPercent?: number
  readonly mirrorPercentage?: Percent
  readonly corsPolicy?: CorsPolicy
  readonly headers?: Headers
}

export interface L4Match {
  readonly destinationSubnets?: readonly string[]
  readonly port?: number
  readonly sourceLabels?: Readonly<Record<string, string>>
  readonly sourceNamespace?: string
  readonly gateways?: readonly string[]
}

export interface TlsMatch extends L4Match {
  readonly sniHosts: readonly string[]
}

export interface TlsRoute {
  readonly match?: readonly TlsMatch[]
  readonly route?: readonly RouteDestination[]
}

export interface TcpMatch extends L4Match {
  readonly sourceSubnet?: string
}

export interface TcpRoute {
  readonly match?: readonly TcpMatch[]
  readonly route?: readonly RouteDestination[]
}
