import { createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import type * as X509 from '@peculiar/x509'
import { dateOf } from '../kernel/timestamp.ts'
import type { CertificateTemplate } from './signer.ts'

/*
 * The one file that knows the library that writes X.509. It is loaded with the first certificate and not with the server: it
 * comes with some MiB, and a mesh without identity never needs it.
 */
async function load(): Promise<typeof X509> {
  // The library's dependency injection looks for it while it is being loaded.
  await import('reflect-metadata')
  const x509 = await import('@peculiar/x509')
  x509.cryptoProvider.set(globalThis.crypto)
  return x509
}

/** A certificate that signs others, with its key. */
export interface Issuer {
  readonly certificate: X509Certificate
  readonly privateKey: KeyObject
}

export interface RootTemplate {
  readonly commonName: string
  readonly serial: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/** A new ECDSA P-256 key with a certificate that it has signed itself. */
export async function makeRoot(template: RootTemplate): Promise<Issuer> {
  const x509 = await load()
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = {
    privateKey: webKey(pair.privateKey, algorithm, 'sign'),
    publicKey: webKey(pair.publicKey, algorithm, 'verify'),
  }
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [template.commonName] }],
    serialNumber: template.serial,
    notBefore: dateOf(template.notBeforeMs),
    notAfter: dateOf(template.notAfterMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificate: new X509Certificate(Buffer.from(made.rawData)), privateKey: pair.privateKey }
}

/**
 * An X.509-SVID: no subject, one URI, no CA (SPIFFE X509-SVID, sections 3 and 4). It ends no later than its issuer, as nobody
 * would believe it then.
 */
export async function signLeaf(template: CertificateTemplate, issuer: Issuer): Promise<X509Certificate> {
  const x509 = await load()
  const spki = template.publicKey.export({ type: 'spki', format: 'der' })
  const signer = new x509.X509Certificate(issuer.certificate.raw)
  const algorithm = signingAlgorithm(issuer.privateKey)
  const usages = x509.KeyUsageFlags.digitalSignature
  const made = await x509.X509CertificateGenerator.create({
    serialNumber: template.serial,
    issuer: signer.subjectName,
    notBefore: dateOf(template.notBeforeMs),
    notAfter: dateOf(Math.min(template.notAfterMs, issuer.certificate.validToDate.getTime())),
    publicKey: new x509.PublicKey(spki),
    signingKey: webKey(issuer.privateKey, algorithm, 'sign'),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(
        template.publicKey.asymmetricKeyType === 'rsa' ? usages | x509.KeyUsageFlags.keyEncipherment : usages,
        true,
      ),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth, x509.ExtendedKeyUsage.serverAuth]),
      // Critical, as there is no subject (RFC 5280 4.1.2.6).
      new x509.SubjectAlternativeNameExtension(alternativeNames(template), true),
      await authorityKeyId(x509, signer),
    ],
  })
  return new X509Certificate(Buffer.from(made.rawData))
}

function alternativeNames({ uri, dnsNames, ipAddresses }: CertificateTemplate): X509.JsonGeneralNames {
  return [
    { type: 'url', value: uri },
    ...(dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ]
}

/** What the issuer calls its own key goes before what its key hashes to: an operator's may follow another rule. */
async function authorityKeyId(
  x509: typeof X509,
  signer: X509.X509Certificate,
): Promise<X509.AuthorityKeyIdentifierExtension> {
  const own = signer.getExtension(x509.SubjectKeyIdentifierExtension)
  return own === null
    ? x509.AuthorityKeyIdentifierExtension.create(signer.publicKey)
    : new x509.AuthorityKeyIdentifierExtension(own.keyId)
}

interface SigningAlgorithm {
  readonly name: string
  readonly hash: string
  readonly namedCurve?: string
}

/** How a key signs; `undefined` for one that does not sign here. */
export function signingAlgorithmOf(key: KeyObject): SigningAlgorithm | undefined {
  const { namedCurve } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  if (key.asymmetricKeyType !== 'ec') return undefined
  if (namedCurve === 'prime256v1') return { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  if (namedCurve === 'secp384r1') return { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }
  return undefined
}

/** The same object; Node's type of it knows usages that the platform's does not. */
function webKey(key: KeyObject, algorithm: SigningAlgorithm, usage: 'sign' | 'verify'): CryptoKey {
  return key.toCryptoKey(algorithm, usage === 'verify', [usage]) as unknown as CryptoKey
}

function signingAlgorithm(key: KeyObject): SigningAlgorithm {
  const algorithm = signingAlgorithmOf(key)
  if (algorithm === undefined) throw new Error(`a key of type ${key.asymmetricKeyType} cannot sign certificates here`)
  return algorithm
}

/**
 * The key of a PKCS#10 request whose signature holds, so that who asks has the private key; `undefined` for anything else.
 * What else the request says is not looked at.
 */
export async function keyOfRequest(der: Uint8Array<ArrayBuffer>): Promise<KeyObject | undefined> {
  const x509 = await load()
  try {
    const request = new x509.Pkcs10CertificateRequest(der)
    if (!(await request.verify())) return undefined
    return createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}
