import type { AuthorizationDecision } from '../../kernel/recorder.ts'
import { withoutQuery } from '../../routing/request-value.ts'
import { claimAt } from '../authz/claims.ts'
import type { InboundExchange, InboundFilter, InboundHandler } from '../exchange.ts'
import type { InboundRules } from '../inbound-rules.ts'
import { textReply } from '../local-reply.ts'
import { authenticate, type Proof } from './authenticate.ts'
import type { Authentication, CompiledJwtRule } from './compile-jwt-rules.ts'
import { JWT_FAILURES, type JwtFailure } from './jwt-failure.ts'
import type { ParsedToken } from './parsed-token.ts'
import { removeTokens } from './token-locations.ts'
import type { TokenVerifier } from './token-verifier.ts'

export interface AuthenticateDeps {
  readonly verifier: TokenVerifier
  /** Told of each token that is not taken. */
  readonly tell: (decision: AuthorizationDecision) => void
}

const UNAUTHORIZED = 401
const FORBIDDEN = 403

/** What a request proves of who has sent it. One that proves nothing goes on: whether it may is for the step behind. */
export function authenticateStep(rules: () => InboundRules, deps: AuthenticateDeps): InboundFilter {
  return (next) => (exchange) => {
    const { authentication } = rules()
    if (authentication === undefined || exchange.connection.isOwnProbe) next(exchange)
    else start(authentication, exchange, next, deps)
  }
}

function start(
  authentication: Authentication,
  exchange: InboundExchange,
  next: InboundHandler,
  deps: AuthenticateDeps,
): void {
  // Read by applications as what the mesh says.
  for (const name of authentication.outputHeaders) {
    if (exchange.headers[name] !== undefined) exchange.replaceHeader(name, undefined)
  }
  if (isPreflight(exchange)) {
    next(exchange)
    return
  }
  const conclude = (proof: Proof): void => {
    if (exchange.ended) return
    if (proof.kind === 'refused') refuse(proof.failure, exchange, deps)
    else {
      if (proof.kind === 'proven') accept(proof.rule, proof.token, exchange)
      next(exchange)
    }
  }
  const proof = authenticate(authentication, exchange, deps.verifier)
  if (proof instanceof Promise) void proof.then(conclude)
  else conclude(proof)
}

/** A browser asks without the token that it will send. Envoy `bypass_cors_preflight`, which Istio sets. */
function isPreflight(exchange: InboundExchange): boolean {
  const { origin, 'access-control-request-method': asked } = exchange.headers
  return exchange.facts.method === 'OPTIONS' && (origin ?? '') !== '' && (asked ?? '') !== ''
}

function accept(rule: CompiledJwtRule, token: ParsedToken, exchange: InboundExchange): void {
  const { claims, iss = '', sub = '' } = token
  exchange.token = { issuer: iss, subject: sub, claims, spaceDelimited: rule.spaceDelimited }
  if (!rule.forwardsToken) removeTokens(rule.locations, exchange)
  if (rule.payloadHeader !== undefined) exchange.replaceHeader(rule.payloadHeader, token.payload)
  for (const { header, path } of rule.claimHeaders) {
    const value = claimText(claimAt(claims, path))
    if (value !== undefined) exchange.replaceHeader(header, value)
  }
}

const NO_HEADER_VALUE = /[^\t\x20-\x7e\x80-\xff]/

/** Text, numbers and booleans as they are; the rest as JSON in base64url (Envoy `claim_to_headers`). What is no header value is left out. */
function claimText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'object') return Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = String(value)
  return NO_HEADER_VALUE.test(text) ? undefined : text
}

/** A token for somebody else is known to be good, and not enough: 403. Envoy `jwt_authn/filter.cc`. */
function refuse(failure: JwtFailure, exchange: InboundExchange, deps: AuthenticateDeps): void {
  deps.tell('unauthenticated')
  const reason = JWT_FAILURES[failure]
  exchange.verdict = { decision: 'unauthenticated', policy: undefined, markedBy: undefined, reason }
  const { scheme, path } = exchange.facts
  const authority = exchange.wholeHeader('host') ?? exchange.wholeHeader(':authority') ?? ''
  const realm = `${scheme}://${authority}${withoutQuery(path)}`.replace(/[^\x21\x23-\x5b\x5d-\x7e]/g, '_')
  const challenge = `Bearer realm="${realm}", error="invalid_token"`
  const status = failure === 'audience' ? FORBIDDEN : UNAUTHORIZED
  exchange.answer(textReply(status, reason, exchange.isGrpc, ['www-authenticate', challenge]), '-')
}
