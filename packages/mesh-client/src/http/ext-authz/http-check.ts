import type { ExtAuthzProvider } from '@weft/mesh-protocol'
import type { Dispatcher } from 'undici'
import { namePatterns } from '../../inbound/ext-authz/name-patterns.ts'
import type { ProviderAnswer } from '../../inbound/ext-authz/provider-answer.ts'
import { HOP_BY_HOP_HEADERS } from '../../kernel/header-names.ts'
import { answerHeaders } from './answer-headers.ts'
import type { AskedRequest } from './asked-request.ts'
import { readWhole } from './read-whole.ts'
import { isValidHeader } from './valid-headers.ts'

/** Shown whether they are asked for or not. Envoy `ext_authz_http_impl.cc`. */
const ALWAYS_SHOWN: readonly string[] = ['authorization']
/** In a denial whenever it may have headers at all. */
const ALWAYS_DENIED_WITH: readonly string[] = ['www-authenticate', 'location', 'content-type']
/** Of one connection, or told anew. */
const NOT_PASSED: ReadonlySet<string> = new Set([...HOP_BY_HOP_HEADERS, 'content-length', 'date', 'host'])
const OK = 200
const SERVER_ERROR = 500

/**
 * Asks a service over HTTP: the request with another body, or none. 200 allows, 5xx is a failure, everything else denies.
 *
 * @throws Error where it fails
 */
export async function checkHttp(
  provider: ExtAuthzProvider,
  asked: AskedRequest,
  dispatcher: Dispatcher,
  signal: AbortSignal,
): Promise<ProviderAnswer> {
  const { bytes } = asked.body ?? {}
  const answer = await dispatcher.request({
    origin: `http://${provider.host}:${provider.port}`,
    path: checkPath(provider, asked),
    method: asked.method as Dispatcher.HttpMethod,
    headers: shownHeaders(provider, asked),
    body: bytes === undefined || bytes.length === 0 ? null : bytes,
    signal,
  })
  const body = await readWhole(answer.body)
  if (answer.statusCode >= SERVER_ERROR) throw new Error(`it answered ${answer.statusCode}`)
  if (answer.statusCode !== OK) return denial(provider, answer, body)
  const toUpstream = namePatterns(provider.headersToUpstreamOnAllow)
  const toDownstream = namePatterns(provider.headersToDownstreamOnAllow)
  const headers = headersOf(answer.headers)
  return {
    allowed: true,
    requestHeaders: headers.filter(([name]) => toUpstream(name)),
    responseHeaders: answerHeaders(headers.filter(([name]) => toDownstream(name))),
  }
}

/** What asks for the server as a whole (`OPTIONS *`) has to be asked about too. */
function checkPath({ pathPrefix = '' }: ExtAuthzProvider, { path }: AskedRequest): string {
  const whole = `${pathPrefix}${path}`
  return whole.startsWith('/') ? whole : `/${whole}`
}

function shownHeaders(provider: ExtAuthzProvider, asked: AskedRequest): string[] {
  const isShown = namePatterns([...ALWAYS_SHOWN, ...(provider.includeRequestHeadersInCheck ?? [])])
  const own = Object.entries(provider.includeAdditionalHeadersInCheck ?? {})
  if (asked.body !== undefined) own.push(['x-envoy-auth-partial-body', String(!asked.body.isWhole)])
  // What the mesh says itself, no caller says for it.
  const said = new Set(own.map(([name]) => name.toLowerCase()))
  const shown = ['host', asked.authority]
  for (const [name, value] of asked.headers) {
    if (isShown(name) && !NOT_PASSED.has(name) && !said.has(name)) shown.push(name, value)
  }
  for (const [name, value] of own) shown.push(name, value)
  return shown
}

function denial(
  { headersToDownstreamOnDeny: allowed }: ExtAuthzProvider,
  { statusCode, headers }: Dispatcher.ResponseData,
  body: Buffer,
): ProviderAnswer {
  const isPassed = allowed === undefined ? () => true : namePatterns([...ALWAYS_DENIED_WITH, ...allowed])
  const passed = headersOf(headers).filter(([name]) => isPassed(name))
  return {
    allowed: false,
    reason: `the provider answered ${statusCode}`,
    reply: { status: statusCode, headers: [...answerHeaders(passed), 'content-length', String(body.length)], body },
  }
}

function headersOf(headers: Dispatcher.ResponseData['headers']): readonly (readonly [string, string])[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (value === undefined || NOT_PASSED.has(name) || name.startsWith('x-weft-')) return []
    return [value]
      .flat()
      .filter((each) => isValidHeader(name, each))
      .map((each) => [name, each] as const)
  })
}
