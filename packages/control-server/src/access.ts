import { networkInterfaces } from 'node:os'
import path from 'node:path'
import { formatSpiffeId } from '@weft/mesh-protocol'
import { ADMIN_TOKEN_FILE, keepAdminToken, makeAdminToken, pinAdminToken } from './auth/admin-token.ts'
import type { AuditLog } from './auth/audit-log.ts'
import type { Caller } from './auth/caller.ts'
import { type Auth, openAuth } from './auth/open-auth.ts'
import { parseTokenSpec, type TokenSpec } from './auth/token-spec.ts'
import { credentialOf } from './ca/credential-name.ts'
import type { Ca } from './ca/open-ca.ts'
import type { Settings } from './options.ts'
import type { Model } from './registry/model.ts'
import type { Registrations } from './registry/registrations.ts'
import type { Resources } from './registry/resources.ts'
import { selectedServices } from './serve/selected-services.ts'
import { isByToken, StreamOwners, tokenIdOf } from './serve/stream-owners.ts'
import { WorkloadGuard } from './serve/workload-guard.ts'
import { createWriterOf, type WriterOf } from './serve/writer-of.ts'
import { followPrefix } from './store/follow-prefix.ts'
import { REVOCATIONS } from './store/keys.ts'
import type { Store } from './store/store.ts'

/** Who may use the server, wired to what it holds. */
export interface Access {
  readonly auth: Auth
  readonly audit: AuditLog
  readonly owners: StreamOwners
  readonly guard: WorkloadGuard
  readonly writerOf: WriterOf
  /** Of a secure server, the token with which everything begins, where this start has made one. */
  readonly adminToken: string | undefined
  close(): void
}

export interface AccessParts {
  readonly store: Store
  readonly audit: AuditLog
  readonly ca: Ca
  readonly model: () => Model
  readonly resources: Resources
  readonly registrations: Registrations
}

export async function openAccess(settings: Settings, parts: AccessParts): Promise<Access> {
  const { store, audit, ca, model, resources, registrations } = parts
  const auth = await openAuth({
    ...settings,
    store,
    audit,
    certificates: ca.issued,
    caFingerprint: () => ca.authority.fingerprint(),
    spiffeIdOf: (account) => ca.authority.spiffeId(account),
    spiffeIdsOf: (account) => {
      const { trustDomain, trustDomainAliases } = model().mesh
      return [trustDomain, ...trustDomainAliases].map((domain) => formatSpiffeId({ ...account, trustDomain: domain }))
    },
  })
  const owners = new StreamOwners((opener) => isRevoked(opener, ca) || hasLostToken(opener, auth))
  auth.tokens.onRevoked((id) => owners.endWhere((opener) => isByToken(opener, id)))
  const unwatch = await followPrefix(store, REVOCATIONS, (_key, entry) => {
    if (entry !== undefined) owners.endWhere((opener) => isRevoked(opener, ca))
  })
  const guard = new WorkloadGuard({
    registrations,
    admission: auth.admission,
    hostAddresses,
    selectedServices: (registration, allowed) => selectedServices(registration, allowed, model(), resources),
  })
  const firstToken = await adminToken(settings, auth)
  const unpin = keepPinned(settings, auth, ca)
  return {
    auth,
    audit,
    owners,
    guard,
    writerOf: createWriterOf(audit, model),
    adminToken: firstToken,
    close() {
      unpin()
      unwatch()
      auth.close()
      audit.close()
    },
  }
}

function hasLostToken(opener: Caller, { tokens }: Auth): boolean {
  const id = tokenIdOf(opener)
  return id !== undefined && tokens.get(id)?.revokedAtMs !== undefined
}

function isRevoked(opener: Caller, { issued, authority }: Ca): boolean {
  if (opener.kind !== 'workload') return false
  const serial = credentialOf('certificate', opener.name) ?? ''
  return issued.isRevoked({ uri: authority.spiffeId(opener), serial })
}

/** For tests and applications: a token made in this process. Throws a `TypeError` that lists what is wrong with the spec. */
export async function createToken({ tokens }: Auth, spec: TokenSpec): Promise<string> {
  const parsed = parseTokenSpec(spec)
  if (parsed.ok) return (await tokens.create(parsed.value, 'server')).token
  throw new TypeError(
    `The token is refused: ${parsed.error.map(({ field, message }) => `${field} ${message}`).join('; ')}`,
  )
}

async function adminToken({ secure, store, dataDir, logger }: Settings, { tokens }: Auth): Promise<string | undefined> {
  if (!secure) return undefined
  if (store === 'memory') return makeAdminToken(tokens)
  const made = await keepAdminToken(tokens, dataDir, logger)
  if (made !== undefined) logger.info('a token for admins was written', { file: path.join(dataDir, ADMIN_TOKEN_FILE) })
  return made
}

/** The file is how whoever runs the server reaches it, also once the root has changed. Returns what ends it. */
function keepPinned({ secure, store, dataDir, logger }: Settings, { tokens }: Auth, { authority }: Ca): () => void {
  if (!secure || store === 'memory') return () => undefined
  let pinning = Promise.resolve()
  return authority.trust.subscribe(() => {
    pinning = pinning
      .then(() => pinAdminToken(tokens, dataDir))
      .catch((error: unknown) =>
        logger.error('the token for admins does not name the root of now', { error: String(error) }),
      )
  })
}

function hostAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address))
}
