import { fail, ok, type Result } from '@weft/mesh-protocol'
import type { Clock } from '../../kernel/clock.ts'
import type { CompiledJwtRule } from './compile-jwt-rules.ts'
import type { JwtFailure } from './jwt-failure.ts'
import { isSupportedAlgorithm, type Jwk, type KeySet, keysFor } from './key-set.ts'
import type { KeyStore } from './key-store.ts'
import { type ParsedToken, parseToken } from './parsed-token.ts'
import { isSignedByOne } from './signature.ts'

/** How far clocks may be apart. Envoy `jwt_authn` `clock_skew_seconds`. */
const CLOCK_SKEW_SECONDS = 60

/** Whether a token may be used at a time, in seconds since 1970. */
function timeFailure({ nbf, exp }: Pick<ParsedToken, 'nbf' | 'exp'>, now: number): JwtFailure | undefined {
  if (nbf !== undefined && nbf > now + CLOCK_SKEW_SECONDS) return 'notYetValid'
  return exp !== undefined && now > exp + CLOCK_SKEW_SECONDS ? 'expired' : undefined
}

interface Signers {
  readonly set: KeySet
  readonly keys: readonly Jwk[]
}

/** Proves tokens by the keys of their issuers. */
export class TokenVerifier {
  readonly #store: KeyStore
  readonly #clock: Clock

  constructor(store: KeyStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** A token that this rule has proven before and that is still good. */
  known(rule: CompiledJwtRule, text: string): ParsedToken | undefined {
    const keys = 'keys' in rule.keys ? rule.keys : this.#store.held(rule.keys)
    const token = keys === undefined ? undefined : rule.verified.get(text, keys)
    return token === undefined || timeFailure(token, this.#now()) !== undefined ? undefined : token
  }

  /** In Envoy's order (`jwt_authn/authenticator.cc`): form, issuer, times, audience, keys, signature. Never rejects. */
  async verify(rule: CompiledJwtRule, text: string): Promise<Result<ParsedToken, JwtFailure>> {
    const parsed = parseToken(text)
    if (!parsed.ok) return parsed
    const token = parsed.value
    if (!isSupportedAlgorithm(token.alg)) return fail('algUnsupported')
    if (rule.issuer !== undefined && token.iss !== rule.issuer) return fail('unknownIssuer')
    const time = timeFailure(token, this.#now())
    if (time !== undefined) return fail(time)
    if (rule.allowsAudience?.(token.audiences) === false) return fail('audience')
    const signers = await this.#signers(rule, token)
    if (!signers.ok) return signers
    if (!(await isSignedByOne(token, signers.value.keys))) return fail('signature')
    rule.verified.add(token, signers.value.set)
    return ok(token)
  }

  async #signers({ keys: source }: CompiledJwtRule, token: ParsedToken): Promise<Result<Signers, JwtFailure>> {
    if ('keys' in source) return signersIn(source, token)
    const set = await this.#store.get(source)
    if (set === undefined) return fail('fetch')
    const found = signersIn(set, token)
    if (found.ok) return found
    const newer = await this.#store.renew(source)
    return newer === undefined || newer === set ? found : signersIn(newer, token)
  }

  #now(): number {
    return this.#clock.wallNow() / 1000
  }
}

function signersIn(set: KeySet, token: ParsedToken): Result<Signers, JwtFailure> {
  const keys = keysFor(set, token)
  return keys.ok ? ok({ set, keys: keys.value }) : keys
}
