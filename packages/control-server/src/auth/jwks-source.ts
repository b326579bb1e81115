import { DEFAULT_JWKS_TIMEOUT_MS } from '@weft/mesh-protocol'
import type { JSONWebKeySet, JWK, JWTVerifyGetKey } from 'jose'
import type { Clock } from '../kernel/clock.ts'
import { isObject } from '../kernel/json-value.ts'
import type { Logger } from '../kernel/logger.ts'

/** Keys are read anew after this, and a key that is not among them makes that happen after the shorter. */
const REFRESH_MS = 5 * 60_000
const COOLDOWN_MS = 30_000

/** Keys that could be read once are believed this long while they cannot be: as long as an outage may take. */
const KEPT_MS = 24 * 3_600_000

const MAX_JWKS_BYTES = 256 * 1024
const MAX_KEYS = 100

/** Where the keys of an issuer are. */
export interface JwksOptions {
  /** For people. */
  readonly where: string
  /** The text of the JWKS; rejects with why it cannot be had. */
  readonly read: (limits: { readonly timeoutMs: number; readonly maxBytes: number }) => Promise<string>
  readonly clock: Clock
  readonly logger: Logger
}

/** The keys cannot be had, so that nothing can be said of a token. */
export class JwksUnavailableError extends Error {
  override readonly name = 'JwksUnavailableError'
}

interface Loaded {
  readonly keyOf: JWTVerifyGetKey
  readonly ids: ReadonlySet<string | undefined>
  readonly atMs: number
}

/** The public keys of an issuer: read when they are needed, kept, read again in time, and kept through an outage. */
export class JwksSource {
  private readonly options: JwksOptions
  private loaded: Loaded | undefined
  private triedAtMs = Number.NEGATIVE_INFINITY
  private loading: Promise<void> | undefined

  constructor(options: JwksOptions) {
    this.options = options
  }

  /** For jose's `jwtVerify`. Rejects with {@link JwksUnavailableError}, or as jose does where no key fits. */
  readonly keyOf: JWTVerifyGetKey = async (header, token) => {
    const now = this.options.clock.now()
    const age = this.loaded === undefined ? Number.POSITIVE_INFINITY : now - this.loaded.atMs
    const isWanting = age >= REFRESH_MS || this.loaded?.ids.has(header.kid) === false
    // Whoever makes up key ids must not make this server ask the issuer for each.
    if (isWanting && (this.loading !== undefined || now - this.triedAtMs >= COOLDOWN_MS)) await this.refresh(now)
    const { loaded } = this
    if (loaded === undefined || now - loaded.atMs >= KEPT_MS) {
      throw new JwksUnavailableError(`The keys at ${this.options.where} cannot be read: the log says why.`)
    }
    return loaded.keyOf(header, token)
  }

  private async refresh(now: number): Promise<void> {
    this.triedAtMs = now
    this.loading ??= this.load().finally(() => {
      this.loading = undefined
    })
    await this.loading
  }

  private async load(): Promise<void> {
    const { read, where, logger, clock } = this.options
    try {
      const text = await read({ timeoutMs: DEFAULT_JWKS_TIMEOUT_MS, maxBytes: MAX_JWKS_BYTES })
      const keys = publicKeys(JSON.parse(text))
      const { createLocalJWKSet } = await import('jose')
      this.loaded = {
        keyOf: createLocalJWKSet({ keys } satisfies JSONWebKeySet),
        ids: new Set(keys.map(({ kid }) => kid)),
        atMs: clock.now(),
      }
    } catch (error) {
      logger.warn('the keys that service-account tokens are checked against cannot be read', {
        where,
        error: (error as Error).message,
      })
    }
  }
}

/** Without what is no public key: a shared secret among them would make whoever reads the JWKS an issuer. */
function publicKeys(jwks: unknown): JWK[] {
  if (!isObject(jwks) || !Array.isArray(jwks.keys)) throw new Error('it is no JWKS: it has no list of keys')
  const keys = jwks.keys.filter(isObject).filter(({ kty, d, k }) => kty !== 'oct' && d === undefined && k === undefined)
  if (keys.length === 0) throw new Error('there is no public key in it')
  if (keys.length > MAX_KEYS) throw new Error(`there are more than ${MAX_KEYS} keys in it`)
  return keys as JWK[]
}
