import { DEFAULT_GATEWAY_REDIRECT_CODE, type RedirectAction, type RouteRewrite } from '@weft/mesh-protocol'
import type { HttpFilter, PathModifier, RequestRedirect } from '../../config/spec/gateway/http-filters.ts'
import { hostOfModifiers } from './header-filters.ts'

/** The redirect among some filters; there is one at most (Gateway API `HTTPRequestRedirectFilter`). */
export function redirectOf(filters: readonly HttpFilter[]): RedirectAction | undefined {
  const redirect = filters.find(({ requestRedirect }) => requestRedirect !== undefined)?.requestRedirect
  if (redirect === undefined) return undefined
  const { scheme, hostname, path, statusCode } = redirect
  return {
    ...(scheme === undefined ? {} : { scheme }),
    ...(hostname === undefined ? {} : { host: hostname }),
    ...redirectPort(redirect),
    ...redirectPath(path),
    responseCode: statusCode ?? DEFAULT_GATEWAY_REDIRECT_CODE,
  }
}

/** Without a port: what the scheme of the filter implies, or else the port that was called. */
function redirectPort({ port, scheme }: RequestRedirect): Pick<RedirectAction, 'port' | 'derivePort'> {
  if (port !== undefined) return { port }
  return { derivePort: scheme === undefined ? 'FROM_REQUEST_PORT' : 'FROM_PROTOCOL_DEFAULT' }
}

function redirectPath(path: PathModifier | undefined): Pick<RedirectAction, 'pathRedirect' | 'prefixRewrite'> {
  if (path === undefined) return {}
  if (path.type === 'ReplacePrefixMatch') return { prefixRewrite: path.replacePrefixMatch ?? '' }
  return { pathRedirect: rooted(path.replaceFullPath) }
}

/**
 * What some filters change of where a request goes: by a rewrite (Gateway API `HTTPURLRewriteFilter`), or the authority also
 * as a header.
 */
export function rewriteOf(filters: readonly HttpFilter[]): RouteRewrite {
  const rewrite = filters.find(({ urlRewrite }) => urlRewrite !== undefined)?.urlRewrite
  const hostRewrite = rewrite?.hostname ?? hostOfModifiers(filters)
  return { ...(hostRewrite === undefined ? {} : { hostRewrite }), ...rewritePath(rewrite?.path) }
}

function rewritePath(path: PathModifier | undefined): RouteRewrite {
  if (path === undefined) return {}
  if (path.type === 'ReplacePrefixMatch') return { prefixRewrite: path.replacePrefixMatch ?? '' }
  return { pathRewrite: rooted(path.replaceFullPath) }
}

/** The second after the first: a path or an authority that the second writes is the one that stays. */
export function joinRewrites(first: RouteRewrite, second: RouteRewrite): RouteRewrite {
  const { hostRewrite: host, ...path } = second
  const { hostRewrite: firstHost, ...firstPath } = first
  const hostRewrite = host ?? firstHost
  return {
    ...(hostRewrite === undefined ? {} : { hostRewrite }),
    ...(Object.keys(path).length > 0 ? path : firstPath),
  }
}

/** A path begins with a slash. */
function rooted(path = ''): string {
  return path.startsWith('/') ? path : `/${path}`
}
