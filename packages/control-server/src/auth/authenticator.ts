import {
  type CredentialParts,
  fail,
  isControlServer,
  ok,
  parseCredential,
  parseSpiffeId,
  type Result,
} from '@weft/mesh-protocol'
import { credentialName } from '../ca/credential-name.ts'
import type { IssuedCertificates } from '../ca/issued-certificates.ts'
import type { Logger } from '../kernel/logger.ts'
import { type Attestor, attestedBy } from './attestor.ts'
import type { ApiCaller, Caller, WorkloadCaller } from './caller.ts'
import type { PeerCertificate, RequestFacts } from './facts.ts'
import type { GuessLimiter } from './guess-limiter.ts'
import { type AuthRefusal, noLongerGood, unauthenticated } from './refusal.ts'
import type { RoleBindings } from './role-bindings.ts'
import type { ServiceAccount, ServiceAccountTokens } from './service-account-tokens.ts'
import { type JoinTokenRecord, type TokenRecord, type TokenState, tokenState } from './token-record.ts'
import type { Tokens } from './tokens.ts'

export interface AuthenticatorOptions {
  /** Nobody is let in without a credential. */
  readonly secure: boolean
  readonly tokens: Tokens
  /** Absent: no token of Kubernetes is taken. */
  readonly serviceAccounts: ServiceAccountTokens | undefined
  /** Asked in turn about what is no token of this server. */
  readonly attestors: readonly Attestor[]
  readonly logger: Logger
  readonly roles: RoleBindings
  readonly certificates: IssuedCertificates
  readonly limiter: GuessLimiter
  readonly wallNow: () => number
  /** The identity of a service account in the trust domain of the moment. */
  readonly spiffeIdOf: (account: ServiceAccount) => string
  /** The same in every trust domain that is the mesh's, aliases among them: a mesh that is renamed keeps its roles. */
  readonly spiffeIdsOf: (account: ServiceAccount) => readonly string[]
}

/** Longest credential, in characters; a service-account token has some 1,500. */
const MAX_CREDENTIAL_LENGTH = 8_192

const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i

/**
 * What of a header is secret. One credential can be written in many ways, and whoever has a good one must not be able to pass
 * it for so many that those of all others are forgotten.
 */
function credentialIn(authorization: string): string {
  const token = BEARER.exec(authorization)?.[1] ?? authorization
  const parts = parseCredential(token)
  return parts === undefined ? token : `${parts.kind}.${parts.id}.${parts.secret}`
}

const ANONYMOUS: Caller = { kind: 'anonymous' }

/** Finds out who makes a request, from what is presented with it: a bearer token, else the certificate of the connection. */
export class Authenticator {
  private readonly options: AuthenticatorOptions

  constructor(options: AuthenticatorOptions) {
    this.options = options
  }

  /** Whether there is nobody to find out about: nothing is presented, and nothing has to be. */
  isAnonymous({ authorization, peer }: RequestFacts): boolean {
    return !this.options.secure && authorization === undefined && peer === undefined
  }

  async authenticate(facts: RequestFacts): Promise<Result<Caller, AuthRefusal>> {
    const { authorization, peer } = facts
    if (authorization !== undefined) return this.byHeader(authorization, facts.remoteAddress)
    if (peer !== undefined) return this.byCertificate(peer)
    return this.options.secure ? fail(NOTHING_PRESENTED) : ok(ANONYMOUS)
  }

  private async byHeader(authorization: string, address: string): Promise<Result<Caller, AuthRefusal>> {
    const { limiter } = this.options
    const credential = credentialIn(authorization)
    const retryAfterMs = limiter.blockedFor(address, credential)
    if (retryAfterMs > 0) return fail({ code: 429, message: TOO_MANY_GUESSES, retryAfterMs })
    const result = await this.byCredential(authorization)
    if (result.ok) limiter.wasRight(address, credential)
    else if (result.error.code === 401 && result.error.isKnown === undefined) limiter.wasWrong(address, credential)
    return result
  }

  private async byCredential(authorization: string): Promise<Result<Caller, AuthRefusal>> {
    if (authorization.length > MAX_CREDENTIAL_LENGTH) return fail(unauthenticated('The credential is too long.'))
    const [, token] = BEARER.exec(authorization) ?? []
    if (token === undefined) return fail(unauthenticated('The header Authorization must be "Bearer" and a token.'))
    const parts = parseCredential(token)
    if (parts !== undefined) return this.byToken(parts)
    const { serviceAccounts, attestors, logger } = this.options
    const attested = await attestedBy(attestors, token, logger)
    if (attested !== undefined) return this.byAccount(attested.account, 'attestor', `${attested.by}/`)
    if (serviceAccounts === undefined || token.split('.').length !== 3) return fail(UNKNOWN)
    const account = await serviceAccounts.verify(token)
    return account.ok ? this.byAccount(account.value, 'kubernetes') : account
  }

  private byToken(parts: CredentialParts): Result<Caller, AuthRefusal> {
    const record = this.options.tokens.verify(parts)
    if (record === undefined) return fail(UNKNOWN)
    const state = tokenState(record, this.options.wallNow())
    if (state === 'revoked' || (state === 'expired' && record.kind === 'api')) {
      return fail(noLongerGood(`The token ${record.id} is ${state}: ask for another (weft token create).`))
    }
    return record.kind === 'api' ? ok(apiCallerOf(record)) : this.byJoinToken(record, state)
  }

  private byJoinToken(record: JoinTokenRecord, state: TokenState): Result<Caller, AuthRefusal> {
    const { namespace, serviceAccount } = record
    const name = credentialName('token', record.id)
    return this.workload({ ...limitsOf(record, state), name, via: 'token', namespace, serviceAccount })
  }

  private byAccount(account: ServiceAccount, via: 'kubernetes' | 'attestor', by = ''): Result<Caller, AuthRefusal> {
    if (isControlServer(account)) return fail(RESERVED)
    const name = credentialName(via, `${by}${account.namespace}/${account.serviceAccount}`)
    return this.workload({ ...account, name, via })
  }

  private byCertificate(peer: PeerCertificate): Result<Caller, AuthRefusal> {
    const { certificates, tokens, wallNow } = this.options
    const id = parseSpiffeId(peer.uri)
    const issued = certificates.get(peer.serial)
    if (id === undefined || issued?.spiffeId !== peer.uri) {
      return fail(noLongerGood('The certificate is not one that this server remembers: present the token again.'))
    }
    if (isControlServer(id)) return fail(RESERVED)
    // The handshake has looked at it when the connection began, which may be long ago.
    if (issued.endsAtMs <= wallNow()) return fail(noLongerGood('The certificate of this connection has expired.'))
    const token = issued.tokenId === undefined ? undefined : tokens.get(issued.tokenId)
    if (issued.tokenId !== undefined && (token?.kind !== 'join' || token.revokedAtMs !== undefined)) {
      return fail(noLongerGood(`The token ${issued.tokenId}, by which this workload has joined, was revoked.`))
    }
    const limits = token?.kind === 'join' ? limitsOf(token, tokenState(token, wallNow())) : {}
    const { namespace, serviceAccount } = id
    const name = credentialName('certificate', peer.serial)
    return this.workload({ ...limits, name, via: 'certificate', namespace, serviceAccount }, peer)
  }

  private workload(
    caller: Omit<WorkloadCaller, 'kind' | 'grant'>,
    peer: PeerCertificate = { uri: this.options.spiffeIdOf(caller), serial: '' },
  ): Result<Caller, AuthRefusal> {
    const { certificates, roles, spiffeIdsOf } = this.options
    if (certificates.isRevoked(peer)) return fail(REVOKED)
    // A token that is handed out to join with must not be good for more than that, whatever its identity may do.
    const grant = caller.via === 'token' ? undefined : roles.grantOf([peer.uri, ...spiffeIdsOf(caller)])
    return ok({ kind: 'workload', ...caller, ...(grant === undefined ? {} : { grant }) })
  }
}

const REVOKED: AuthRefusal = noLongerGood('The certificate, or the identity, was revoked.')

const UNKNOWN: AuthRefusal = unauthenticated(
  'The credential is not known here: it is not one of this control server, or is not whole.',
)

const RESERVED: AuthRefusal = {
  code: 403,
  message: 'This identity is that of the control server, which no workload has.',
}

const NOTHING_PRESENTED: AuthRefusal = unauthenticated(
  'This control server answers nobody without a credential: present a token ("Authorization: Bearer …") or a certificate of the mesh.',
)

const TOO_MANY_GUESSES = 'Too many credentials from this address were wrong: none is looked at for a while.'

function apiCallerOf({ id, role, namespaces }: Extract<TokenRecord, { kind: 'api' }>): ApiCaller {
  return { kind: 'api', name: credentialName('token', id), role, ...(namespaces === undefined ? {} : { namespaces }) }
}

/** What the token says of whoever joined by it. */
function limitsOf(
  { id, services, addresses }: JoinTokenRecord,
  state: TokenState,
): Pick<WorkloadCaller, 'tokenId' | 'services' | 'addresses' | 'spent'> {
  return {
    tokenId: id,
    ...(services === undefined ? {} : { services }),
    ...(addresses === undefined ? {} : { addresses }),
    ...(state === 'active' ? {} : { spent: state }),
  }
}
