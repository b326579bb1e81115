import type { BackendObjectReference } from './references.ts'

export interface NamedValue {
  readonly name: string
  readonly value: string
}

/** Within one list names differ; with regard to case only the first of a name counts. Order: set, add, remove. */
export interface HeaderModifier {
  readonly set?: readonly NamedValue[]
  readonly add?: readonly NamedValue[]
  readonly remove?: readonly string[]
}

export interface PathModifier {
  readonly type: 'ReplaceFullPath' | 'ReplacePrefixMatch'
  readonly replaceFullPath?: string
  readonly replacePrefixMatch?: string
}

export interface RequestRedirect {
  readonly scheme?: 'http' | 'https'
  readonly hostname?: string
  readonly path?: PathModifier
  readonly port?: number
  readonly statusCode?: number
}

export interface UrlRewrite {
  readonly hostname?: string
  readonly path?: PathModifier
}

export interface RequestMirror {
  readonly backendRef: BackendObjectReference
  /** At most one of the two; neither means everything. */
  readonly percent?: number
  readonly fraction?: { readonly numerator: number; readonly denominator?: number }
}

export interface CorsFilter {
  readonly allowOrigins?: readonly string[]
  readonly allowCredentials?: boolean
  readonly allowMethods?: readonly string[]
  readonly allowHeaders?: readonly string[]
  readonly exposeHeaders?: readonly string[]
  /** Seconds. */
  readonly maxAge?: number
}

export interface ExternalAuth {
  readonly protocol: 'HTTP' | 'GRPC'
  readonly backendRef: BackendObjectReference
  readonly grpc?: Readonly<Record<string, unknown>>
  readonly http?: { readonly path?: string } & Readonly<Record<string, unknown>>
}

/** The field that belongs to each type of filter. */
export const FILTER_FIELDS = {
  RequestHeaderModifier: 'requestHeaderModifier',
  ResponseHeaderModifier: 'responseHeaderModifier',
  RequestMirror: 'requestMirror',
  RequestRedirect: 'requestRedirect',
  URLRewrite: 'urlRewrite',
  ExtensionRef: 'extensionRef',
  CORS: 'cors',
  ExternalAuth: 'externalAuth',
} as const

/** Exactly the field of its type is there. */
export interface HttpFilter {
  readonly type: keyof typeof FILTER_FIELDS
  readonly requestHeaderModifier?: HeaderModifier
  readonly responseHeaderModifier?: HeaderModifier
  readonly requestMirror?: RequestMirror
  readonly requestRedirect?: RequestRedirect
  readonly urlRewrite?: UrlRewrite
  readonly cors?: CorsFilter
  readonly externalAuth?: ExternalAuth
  readonly extensionRef?: { readonly group: string; readonly kind: string; readonly name: string }
}
