import type { PathMatcher, RedirectAction, Violation } from '@weft/mesh-protocol'
import { checkPathText, compilePrefixRewrite, type RewritePath, rooted } from './compile-rewrite.ts'
import type { RouteRequest } from './route-table.ts'

/** Makes the location that a redirect sends the caller to. */
export type MakeLocation = (request: RouteRequest) => string

/** A host as it stands in a URL: a name, an IPv4 address or an IPv6 address in brackets, with or without a port. */
const AUTHORITY = /^(?:[^\s/?#@[\]\\]+|\[[0-9a-fA-F:.]+\](?::\d+)?)$/

/** Ports that a scheme implies. */
const IMPLIED_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 }

/**
 * Source: Envoy `http/utility.cc`, `newUri`, and Istio `route.go`, `ApplyRedirect`, for ports that a scheme implies. A host
 * of the policy brings its own port or none; the caller's host keeps its port unless that is set, derived, or the one that
 * the former scheme implied.
 *
 * @param port the port that the host is dialled at
 * @param match the path match of the route, for `prefixRewrite`
 */
export function compileLocation(
  redirect: RedirectAction,
  match: PathMatcher | undefined,
  port: number,
  field: string,
  violations: Violation[],
): MakeLocation {
  const path = compilePath(redirect, match, field, violations)
  const { host } = redirect
  if (host !== undefined && !AUTHORITY.test(host)) {
    violations.push({ field: `${field}.host`, message: 'must be a host, with or without a port' })
  }
  const explicit = redirect.port ?? (redirect.derivePort === 'FROM_REQUEST_PORT' ? port : undefined)
  const withoutPort = explicit !== undefined || redirect.derivePort === 'FROM_PROTOCOL_DEFAULT'
  return (request) => {
    const scheme = redirect.scheme ?? request.scheme
    const name = host ?? callersHost(request, scheme, withoutPort)
    const suffix = explicit === undefined || IMPLIED_PORTS[scheme] === explicit ? '' : `:${explicit}`
    return `${scheme}://${name}${suffix}${path(request.path)}`
  }
}

function compilePath(
  { pathRedirect, prefixRewrite }: RedirectAction,
  match: PathMatcher | undefined,
  field: string,
  violations: Violation[],
): RewritePath {
  for (const [name, text] of Object.entries({ pathRedirect, prefixRewrite })) {
    if (text !== undefined) checkPathText(text, `${field}.${name}`, violations)
  }
  if (pathRedirect !== undefined && pathRedirect !== '') return replacePath(rooted(pathRedirect))
  return prefixRewrite === undefined ? (path) => path : compilePrefixRewrite(prefixRewrite, match)
}

/** A query of the policy takes the place of the caller's. */
function replacePath(replacement: string): RewritePath {
  if (replacement.includes('?')) return () => replacement
  return (path) => {
    const query = path.indexOf('?')
    return query < 0 ? replacement : replacement + path.slice(query)
  }
}

function callersHost({ authority, scheme }: RouteRequest, newScheme: string, withoutPort: boolean): string {
  const colon = authority.startsWith('[') ? authority.indexOf(']:') + 1 : authority.indexOf(':')
  if (colon <= 0) return authority
  const implied = newScheme !== scheme && Number(authority.slice(colon + 1)) === IMPLIED_PORTS[scheme]
  return withoutPort || implied ? authority.slice(0, colon) : authority
}
