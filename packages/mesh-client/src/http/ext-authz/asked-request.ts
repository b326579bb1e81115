import type { ExtAuthzProvider } from '@weft/mesh-protocol'
import type { ProviderQuestion } from '../../inbound/ext-authz/provider-answer.ts'
import { methodOf } from '../../inbound/method-of.ts'
import type { PeekedBody } from '../inbound/peek-body.ts'

/** A request as a provider is told of it. */
export interface AskedRequest {
  readonly method: string
  readonly scheme: string
  readonly authority: string
  /** With query. */
  readonly path: string
  /** By lower-case name, repeated ones joined; without pseudo headers. */
  readonly headers: ReadonlyMap<string, string>
  /** Absent: the provider does not want it. */
  readonly body: PeekedBody | undefined
}

/** What of a question is a request; `undefined`: it is about a connection. */
export async function askedRequest(
  { exchange }: ProviderQuestion,
  { includeRequestBodyInCheck: wanted }: ExtAuthzProvider,
): Promise<AskedRequest | undefined> {
  if (exchange === undefined) return undefined
  const { method, scheme, path } = exchange.facts
  const headers = new Map<string, string>()
  for (const name of Object.keys(exchange.headers)) {
    const value = name.startsWith(':') ? undefined : exchange.wholeHeader(name)
    if (value !== undefined) headers.set(name, value)
  }
  const authority = exchange.wholeHeader(':authority') ?? headers.get('host') ?? ''
  const body = wanted === undefined ? undefined : await exchange.peekBody(wanted.maxRequestBytes)
  return { method: methodOf(method, exchange.headers), scheme, authority, path, headers, body }
}
