import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { bits, der, integer, octets, oid, sequence, set, time } from './der.ts'
import { basicConstraints, commonName, ECDSA_WITH_SHA256, pem, subjectAltNames } from './x509-parts.ts'

const RSA_WITH_SHA256 = sequence(oid('1.2.840.113549.1.1.11'), Buffer.from([5, 0]))
const ED25519 = sequence(oid('1.3.101.112'))

export interface Keys {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

export function p256(): Keys {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

export interface RequestOptions {
  /** Default: a new one of P-256. */
  readonly keys?: Keys
  /** What it claims to be, for nothing. */
  readonly commonName?: string
  readonly uris?: readonly string[]
  readonly dnsNames?: readonly string[]
  readonly isCa?: boolean
  /** Whose signature it has; default: its own key's. */
  readonly signer?: KeyObject
}

/** A PKCS#10 request in PEM that claims whatever it is told to. */
export function requestOf(options: RequestOptions = {}): string {
  const keys = options.keys ?? p256()
  const { uris = [], dnsNames = [], isCa = false } = options
  const extensions = [...subjectAltNames(uris, dnsNames), ...(isCa ? [basicConstraints(isCa)] : [])]
  const asked = sequence(oid('1.2.840.113549.1.9.14'), set(sequence(...extensions)))
  const info = sequence(
    integer(Buffer.from([0])),
    options.commonName === undefined ? sequence() : commonName(options.commonName),
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa0, ...(extensions.length === 0 ? [] : [asked])),
  )
  return pem('CERTIFICATE REQUEST', signed(info, options.signer ?? keys.privateKey))
}

export interface CaCertificateOptions {
  readonly subject: string
  readonly keys: Keys
  /** Default: itself. */
  readonly issuer?: { readonly subject: string; readonly keys: Keys }
  readonly isCa?: boolean
  /** Milliseconds since 1970. */
  readonly notBeforeMs?: number
  readonly notAfterMs?: number
}

/** A certificate of an authority in PEM, also one that may not be one. */
export function caCertificate(options: CaCertificateOptions): string {
  const { subject, keys, issuer = { subject, keys }, isCa = true } = options
  const { notBeforeMs = Date.now() - 300_000, notAfterMs = Date.now() + 86_400_000 } = options
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithmOf(issuer.keys.privateKey),
    commonName(issuer.subject),
    sequence(time(new Date(notBeforeMs)), time(new Date(notAfterMs))),
    commonName(subject),
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    der(
      0xa3,
      sequence(
        basicConstraints(isCa),
        sequence(oid('2.5.29.14'), octets(octets(keyId(keys.publicKey)))),
        sequence(oid('2.5.29.35'), octets(sequence(der(0x80, keyId(issuer.keys.publicKey))))),
      ),
    ),
  )
  return pem('CERTIFICATE', signed(body, issuer.keys.privateKey))
}

export function keyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string
}

function keyId(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
}

function signed(body: Buffer, key: KeyObject): Buffer {
  const signature = sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', body, key)
  return sequence(body, algorithmOf(key), bits(signature))
}

function algorithmOf({ asymmetricKeyType }: KeyObject): Buffer {
  if (asymmetricKeyType === 'rsa') return RSA_WITH_SHA256
  return asymmetricKeyType === 'ed25519' ? ED25519 : ECDSA_WITH_SHA256
}
