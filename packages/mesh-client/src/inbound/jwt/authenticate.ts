import type { InboundExchange } from '../exchange.ts'
import type { Authentication, CompiledJwtRule } from './compile-jwt-rules.ts'
import type { JwtFailure } from './jwt-failure.ts'
import type { ParsedToken } from './parsed-token.ts'
import { findTokens } from './token-locations.ts'
import type { TokenVerifier } from './token-verifier.ts'

/** What the tokens of a request prove; `none`: it has none, and claims nothing. */
export type Proof =
  | { readonly kind: 'none' }
  | { readonly kind: 'proven'; readonly rule: CompiledJwtRule; readonly token: ParsedToken }
  | { readonly kind: 'refused'; readonly failure: JwtFailure }

const NONE: Proof = { kind: 'none' }

/** One rule with what stands at its places. */
interface Candidate {
  readonly rule: CompiledJwtRule
  readonly tokens: readonly string[]
}

/**
 * One rule that takes all tokens at its places is enough; else every rule has to find none. Sources: Istio
 * `policy_applier.go` `convertToEnvoyJwtConfig`, Envoy `jwt_authn/verifier.cc`. Gives no promise where all is known already.
 */
export function authenticate(
  { rules }: Authentication,
  exchange: InboundExchange,
  verifier: TokenVerifier,
): Proof | Promise<Proof> {
  const candidates = rules.map((rule) => ({ rule, tokens: findTokens(rule.locations, exchange) })).filter(hasTokens)
  if (candidates.length === 0) return NONE
  for (const { rule, tokens } of candidates) {
    const known = tokens.map((text) => verifier.known(rule, text))
    if (known.every((token) => token !== undefined)) return { kind: 'proven', rule, token: known[0] as ParsedToken }
  }
  return prove(candidates, verifier)
}

const hasTokens = ({ tokens }: Candidate): boolean => tokens.length > 0

async function prove(candidates: readonly Candidate[], verifier: TokenVerifier): Promise<Proof> {
  let failure: JwtFailure | undefined
  for (const { rule, tokens } of candidates) {
    const proof = await proveAll(rule, tokens, verifier)
    if (proof.kind === 'proven') return proof
    // That a token is somebody else's says less than what is wrong with it.
    if (proof.kind === 'refused' && (failure === undefined || failure === 'unknownIssuer')) failure = proof.failure
  }
  return failure === undefined ? NONE : { kind: 'refused', failure }
}

/** More tokens than these are an attempt to keep the process busy. */
const MAX_TOKENS = 8

async function proveAll(rule: CompiledJwtRule, tokens: readonly string[], verifier: TokenVerifier): Promise<Proof> {
  if (tokens.length > MAX_TOKENS) return { kind: 'refused', failure: 'tooLong' }
  let first: ParsedToken | undefined
  for (const text of tokens) {
    const verified = await verifier.verify(rule, text)
    if (!verified.ok) return { kind: 'refused', failure: verified.error }
    first ??= verified.value
  }
  return first === undefined ? NONE : { kind: 'proven', rule, token: first }
}
