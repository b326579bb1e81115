import type { JwtRule } from '@weft/mesh-protocol'
import type { InboundExchange } from '../exchange.ts'
import { changeCookies, changeParams, cookieValues, paramValues } from './request-parts.ts'

const AUTHORIZATION = 'authorization'
const BEARER = 'Bearer '
const DEFAULT_PARAM = 'access_token'

/** Where a rule looks for tokens, ready for use. */
export interface TokenLocations {
  readonly headers: readonly { readonly name: string; readonly prefix: string }[]
  readonly params: readonly string[]
  readonly cookies: readonly string[]
}

export function tokenLocations({ fromHeaders, fromParams, fromCookies }: JwtRule): TokenLocations {
  if (fromHeaders === undefined && fromParams === undefined && fromCookies === undefined) {
    return { headers: [{ name: AUTHORIZATION, prefix: BEARER }], params: [DEFAULT_PARAM], cookies: [] }
  }
  return {
    headers: (fromHeaders ?? []).map(({ name, prefix = '' }) => ({ name, prefix })),
    params: fromParams ?? [],
    cookies: fromCookies ?? [],
  }
}

/** All tokens of a request at the places of a rule; a header that came several times may hold several. */
export function findTokens({ headers, params, cookies }: TokenLocations, exchange: InboundExchange): readonly string[] {
  const found: string[] = []
  for (const { name, prefix } of headers) {
    for (const value of exchange.wholeHeader(name)?.split(',') ?? []) {
      const text = value.trim()
      if (text.length > prefix.length && text.startsWith(prefix)) found.push(text.slice(prefix.length).trim())
    }
  }
  const { path } = exchange.facts
  if (params.length > 0 && path.includes('?')) found.push(...paramValues(path, params))
  const cookie = cookies.length === 0 ? undefined : exchange.wholeHeader('cookie')
  if (cookie !== undefined) found.push(...cookieValues(cookie, cookies))
  return found
}

/** Takes what stands at the places of a rule off a request, so that the application does not see it. */
export function removeTokens({ headers, params, cookies }: TokenLocations, exchange: InboundExchange): void {
  for (const { name, prefix } of headers) {
    const value = exchange.wholeHeader(name)
    if (value === undefined) continue
    const kept = value.split(',').filter((part) => !part.trim().startsWith(prefix))
    exchange.replaceHeader(name, kept.length === 0 ? undefined : kept.join(','))
  }
  const { path } = exchange.facts
  if (params.length > 0 && path.includes('?')) exchange.rewritePath(changeParams(path, params))
  const cookie = cookies.length === 0 ? undefined : exchange.wholeHeader('cookie')
  if (cookie !== undefined) exchange.replaceHeader('cookie', changeCookies(cookie, cookies))
}
