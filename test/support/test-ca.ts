import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { formatSpiffeId, parseSpiffeId } from '@weft/mesh-protocol'
import type { Identity, IdentitySource, IdentityState } from '../../packages/mesh-client/src/identity/identity.ts'
import { systemClock } from '../../packages/mesh-client/src/kernel/clock.ts'
import { bits, der, integer, octets, oid, sequence, time } from './der.ts'
import { basicConstraints, commonName, ECDSA_WITH_SHA256, pem, subjectAltNames } from './x509-parts.ts'

const BACKDATE_MS = 5 * 60_000
const DAY_MS = 24 * 3_600_000
const CLIENT_AND_SERVER = sequence(oid('1.3.6.1.5.5.7.3.1'), oid('1.3.6.1.5.5.7.3.2'))

/** Whom a leaf names, and how long it is good. */
export interface LeafOptions {
  /** Default `cluster.local`. */
  readonly trustDomain?: string
  /** Default `default`. */
  readonly namespace?: string
  /** Default `default`. */
  readonly serviceAccount?: string
  /** From now on; negative: it has ended so long ago. Default a day. */
  readonly ttlMs?: number
  /** Before now; negative: it is not good yet. Default five minutes. */
  readonly backdateMs?: number
  /** Instead of the one SPIFFE id. */
  readonly uris?: readonly string[]
  readonly dnsNames?: readonly string[]
  /** Whether it may be used for both ends of TLS; default true. Else for servers only. */
  readonly clientAuth?: boolean
  /** Whose certificate it is, where the key is somebody else's; `privateKey` is then none of it. */
  readonly publicKey?: KeyObject
  /** Whether it may sign others; default false. */
  readonly isCa?: boolean
}

/** A certificate with its key, PEM. */
export interface TestLeaf {
  readonly certificate: string
  readonly privateKey: string
  /** The first URI that it names. */
  readonly uri: string
  /** SHA-256 of its DER, hex. */
  readonly fingerprint: string
}

/** A certificate authority for one test. */
export interface TestCa {
  /** PEM. */
  readonly root: string
  /** SHA-256 of its DER, hex. */
  readonly fingerprint: string
  leaf(options?: LeafOptions): TestLeaf
  /** An authority that this one has signed; its `root` is that certificate. */
  intermediate(name: string): TestCa
  /** An identity with a leaf of this authority; believes this authority unless told otherwise. */
  identity(options?: IdentityOptions): Identity
}

export interface IdentityOptions extends LeafOptions {
  /** Default: one more than the last. */
  readonly generation?: number
  /** Roots, PEM. */
  readonly roots?: readonly string[]
  /** Default: the leaf's own. */
  readonly trustDomains?: readonly string[]
}

let lastGeneration = 0

export function createTestCa(name = 'test root', issuer?: { readonly name: string; readonly key: KeyObject }): TestCa {
  const key = newKey()
  const root = certificate({
    subject: name,
    issuer: issuer?.name ?? name,
    key: key.publicKey,
    signer: issuer?.key ?? key.privateKey,
    isCa: true,
  })
  const ca: TestCa = {
    root: pem('CERTIFICATE', root),
    fingerprint: sha256(root),
    leaf: (options = {}) => leafOf(options, name, key.privateKey),
    intermediate: (inner) => createTestCa(inner, { name, key: key.privateKey }),
    identity: (options = {}) => identityOf(ca.leaf(options), { roots: [ca.root], ...options }),
  }
  return ca
}

/** A leaf that is its own authority. */
export function selfSigned(options: LeafOptions = {}): TestLeaf {
  return leafOf(options, undefined, undefined)
}

/** An identity of any leaf, so that one can be held that nobody should believe. */
export function identityOf(leaf: TestLeaf, options: IdentityOptions): Identity {
  const id = parseSpiffeId(leaf.uri) ?? {
    trustDomain: 'cluster.local',
    namespace: 'default',
    serviceAccount: 'default',
  }
  lastGeneration = options.generation ?? lastGeneration + 1
  return {
    generation: lastGeneration,
    id,
    uri: leaf.uri,
    certificateChain: leaf.certificate,
    privateKey: leaf.privateKey,
    trust: { certificates: options.roots ?? [], trustDomains: options.trustDomains ?? [id.trustDomain] },
    expiresAt: systemClock.now() + (options.ttlMs ?? DAY_MS),
  }
}

/** A source that a test turns by hand. */
export interface FakeIdentitySource extends IdentitySource {
  /** Another certificate, or a state without one. */
  set(next: Identity | Exclude<IdentityState, 'held'>): void
  /** How many listen. */
  readonly listeners: number
}

export function fakeIdentity(first: Identity | Exclude<IdentityState, 'held'>): FakeIdentitySource {
  const listeners = new Set<() => void>()
  let now = first
  return {
    get state() {
      return typeof now === 'string' ? now : 'held'
    },
    get current() {
      return typeof now === 'string' ? undefined : now
    },
    get listeners() {
      return listeners.size
    },
    set(next) {
      now = next
      for (const listener of [...listeners]) listener()
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

interface Keys {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

function newKey(): Keys {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { publicKey, privateKey }
}

function leafOf(options: LeafOptions, issuer: string | undefined, signer: KeyObject | undefined): TestLeaf {
  const { trustDomain = 'cluster.local', namespace = 'default', serviceAccount = 'default' } = options
  const uris = options.uris ?? [formatSpiffeId({ trustDomain, namespace, serviceAccount })]
  const key = newKey()
  const made = certificate({
    subject: serviceAccount,
    issuer: issuer ?? serviceAccount,
    key: options.publicKey ?? key.publicKey,
    signer: signer ?? key.privateKey,
    isCa: false,
    ...options,
    uris,
  })
  return {
    certificate: pem('CERTIFICATE', made),
    privateKey: key.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    uri: uris[0] ?? '',
    fingerprint: sha256(made),
  }
}

interface Content extends LeafOptions {
  readonly subject: string
  readonly issuer: string
  readonly key: KeyObject
  readonly signer: KeyObject
  readonly isCa: boolean
}

function certificate(content: Content): Buffer {
  const { subject, issuer, key, signer, ttlMs = DAY_MS, backdateMs = BACKDATE_MS } = content
  const now = Date.now()
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    commonName(issuer),
    sequence(time(new Date(now - Math.max(backdateMs, 1_000 - ttlMs))), time(new Date(now + ttlMs))),
    commonName(subject),
    key.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions(content))),
  )
  const signature = sign('sha256', body, createPrivateKey(signer.export({ type: 'pkcs8', format: 'pem' })))
  return sequence(body, ECDSA_WITH_SHA256, bits(signature))
}

function extensions({ isCa, uris = [], dnsNames = [], clientAuth = true }: Content): Buffer[] {
  if (isCa) return [basicConstraints(isCa)]
  const usage = clientAuth ? CLIENT_AND_SERVER : sequence(oid('1.3.6.1.5.5.7.3.1'))
  return [basicConstraints(isCa), sequence(oid('2.5.29.37'), octets(usage)), ...subjectAltNames(uris, dnsNames)]
}

function sha256(certificate: Buffer): string {
  return createHash('sha256').update(certificate).digest('hex')
}
