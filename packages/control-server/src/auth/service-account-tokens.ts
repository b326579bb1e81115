import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fail, ok, type Result } from '@weft/mesh-protocol'
import type { JWTPayload } from 'jose'
import { isDnsLabel, isDnsSubdomain } from '../config/names.ts'
import type { Clock } from '../kernel/clock.ts'
import { isObject } from '../kernel/json-value.ts'
import type { Logger } from '../kernel/logger.ts'
import type { FetchDocument } from './fetch-document.ts'
import { JwksSource, JwksUnavailableError } from './jwks-source.ts'
import { type AuthRefusal, noLongerGood, unauthenticated } from './refusal.ts'

/** Which service-account tokens of Kubernetes prove a workload. */
export interface KubernetesOptions {
  /** Claim `iss`, e.g. `https://kubernetes.default.svc.cluster.local`. */
  readonly issuer: string
  /** One of claim `aud`: tokens are projected for it (`serviceAccountToken.audience`). Default `weft`. */
  readonly audience?: string
  /** Where the keys are, e.g. `https://kubernetes.default.svc/openid/v1/jwks`; https, but on this machine. This or `jwksFile`. */
  readonly jwksUri?: string
  /** A file with the keys, read anew every 5 min. */
  readonly jwksFile?: string
  /** PEM that the server of `jwksUri` is checked against. Default: what the system believes. */
  readonly caFile?: string
  /** A file with the bearer token that `jwksUri` asks for, read each time. Default: none is sent. */
  readonly tokenFile?: string
}

const DEFAULT_KUBERNETES_AUDIENCE = 'weft'

/** Asymmetric ones only: with a shared key whoever checks tokens could make them. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']

/** How far the clock of the issuer may be off. */
const CLOCK_TOLERANCE_S = 60

const SUBJECT = /^system:serviceaccount:([^:]+):([^:]+)$/

/**
 * What was checked is not checked again for this long, as a thousand clients that acknowledge a change each present their token:
 * also how long a key that the cluster has taken back may be believed beyond its next reading.
 */
const KEPT_MS = 60_000
const MAX_KEPT = 4_096

interface Verified {
  readonly account: ServiceAccount
  readonly endsInMs: number
}

/** Whose token it is. */
export interface ServiceAccount {
  readonly namespace: string
  readonly serviceAccount: string
}

/** Tokens that Kubernetes gives its pods, checked against the keys of the cluster. */
export class ServiceAccountTokens {
  private readonly options: KubernetesOptions
  private readonly clock: Clock
  private readonly keys: JwksSource
  private readonly verified = new Map<string, { readonly account: ServiceAccount; readonly untilMs: number }>()

  constructor(
    options: KubernetesOptions,
    parts: { readonly clock: Clock; readonly logger: Logger; readonly fetch: FetchDocument },
  ) {
    this.options = options
    this.clock = parts.clock
    this.keys = new JwksSource({
      where: options.jwksUri ?? options.jwksFile ?? '',
      read: (limits) => readKeys(options, parts.fetch, limits),
      clock: parts.clock,
      logger: parts.logger,
    })
  }

  async verify(token: string): Promise<Result<ServiceAccount, AuthRefusal>> {
    const digest = createHash('sha256').update(token).digest('base64')
    const now = this.clock.now()
    const known = this.verified.get(digest)
    if (known !== undefined && now < known.untilMs) return ok(known.account)
    const result = await this.verifyAnew(token)
    if (result.ok) this.remember(digest, result.value, now)
    else this.verified.delete(digest)
    return result.ok ? ok(result.value.account) : result
  }

  private remember(digest: string, { account, endsInMs }: Verified, now: number): void {
    this.verified.delete(digest)
    this.verified.set(digest, { account, untilMs: now + Math.min(endsInMs, KEPT_MS) })
    if (this.verified.size > MAX_KEPT) this.verified.delete(this.verified.keys().next().value as string)
  }

  private async verifyAnew(token: string): Promise<Result<Verified, AuthRefusal>> {
    try {
      // With the first token: only a mesh on Kubernetes pays for the library.
      const { jwtVerify } = await import('jose')
      const { payload } = await jwtVerify(token, this.keys.keyOf, {
        issuer: this.options.issuer,
        audience: this.options.audience ?? DEFAULT_KUBERNETES_AUDIENCE,
        algorithms: ALGORITHMS,
        requiredClaims: ['exp', 'sub'],
        clockTolerance: CLOCK_TOLERANCE_S,
        currentDate: new Date(this.clock.wallNow()),
      })
      const account = serviceAccountOf(payload)
      if (account === undefined) return fail(unauthenticated('The token is not that of a service account.'))
      return ok({ account, endsInMs: (payload.exp as number) * 1_000 - this.clock.wallNow() })
    } catch (error) {
      return fail(refusalOf(error))
    }
  }
}

async function readKeys(
  { jwksUri, jwksFile, caFile, tokenFile }: KubernetesOptions,
  fetch: FetchDocument,
  limits: { readonly timeoutMs: number; readonly maxBytes: number },
): Promise<string> {
  if (jwksUri === undefined) return readFile(jwksFile as string, 'utf8')
  const [ca, token] = await Promise.all([caFile, tokenFile].map((file) => file && readFile(file, 'utf8')))
  return fetch(jwksUri, {
    ...limits,
    ...(ca === undefined ? {} : { ca }),
    ...(token === undefined ? {} : { token: token.trim() }),
  })
}

/** The subject says it, and the claim `kubernetes.io`, where it is there, has to agree. */
function serviceAccountOf(payload: JWTPayload): ServiceAccount | undefined {
  const [, namespace = '', serviceAccount = ''] = SUBJECT.exec(payload.sub ?? '') ?? []
  if (!isDnsLabel(namespace) || !isDnsSubdomain(serviceAccount)) return undefined
  const claim = payload['kubernetes.io']
  if (claim === undefined) return { namespace, serviceAccount }
  const isSame =
    isObject(claim) &&
    claim.namespace === namespace &&
    isObject(claim.serviceaccount) &&
    claim.serviceaccount.name === serviceAccount
  return isSame ? { namespace, serviceAccount } : undefined
}

/** Says which check failed and nothing of what was in the token. */
function refusalOf(error: unknown): AuthRefusal {
  // Claims are looked at once the signature holds: whoever has an old token of the cluster is not guessing.
  if (error instanceof JwksUnavailableError) return { code: 503, message: error.message }
  const { code, claim } = error as { readonly code?: string; readonly claim?: string }
  switch (code) {
    case 'ERR_JWT_EXPIRED':
      return noLongerGood('The service-account token has expired.')
    case 'ERR_JWT_CLAIM_VALIDATION_FAILED':
      return noLongerGood(`The service-account token is refused: its claim "${claim}" is not what it has to be.`)
    case 'ERR_JOSE_ALG_NOT_ALLOWED':
      return unauthenticated('The service-account token is refused: its algorithm is not one that is taken.')
    default:
      return unauthenticated('The service-account token is refused: its signature is not one of the cluster.')
  }
}
