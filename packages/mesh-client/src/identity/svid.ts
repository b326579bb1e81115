import { type KeyObject, X509Certificate } from 'node:crypto'
import {
  type CertificateResponse,
  fail,
  formatSpiffeId,
  ok,
  type Result,
  type SpiffeId,
  spiffeIdOf,
} from '@weft/mesh-protocol'
import type { Trust } from './identity.ts'

/** A certificate of this process that has been looked through, with whom its mesh believes. */
export interface Svid {
  readonly id: SpiffeId
  readonly uri: string
  /** PEM, the leaf first, without the root. */
  readonly certificateChain: string
  readonly privateKey: KeyObject
  readonly trust: Trust
  /** How long it is good for from when it was asked for. */
  readonly ttlMs: number
  /** When it ends by the issuer's clock, in milliseconds since 1970. */
  readonly notAfter: number
}

/** More certificates than this are no chain that a CA makes. */
const MAX_CHAIN = 10

/** Of roots; a mesh that changes its root has two. */
const MAX_ROOTS = 100

/** A shorter life would keep a process busy with renewing it. */
const MIN_TTL_MS = 1_000

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

/**
 * Reads what a control server answered to a request made with `privateKey`, or says why it cannot be used. Nothing is taken on
 * trust: the chain has to fit the key, name one identity and lead to a root of the bundle that came with it. Times are not
 * held against this machine's clock, which may be wrong: `ttlMs` counts.
 */
export function readCertificateResponse(body: unknown, privateKey: KeyObject): Result<Svid, string> {
  try {
    return ok(svidOf(readShape(body), privateKey))
  } catch (error) {
    return fail((error as Error).message)
  }
}

/** Throws with the reason for what is no answer to a certificate request. */
function readShape(body: unknown): CertificateResponse {
  const { certificateChain, spiffeId, ttlMs, trustDomain, trustDomainAliases, trustBundle } = (body ?? {}) as Partial<
    Record<keyof CertificateResponse, unknown>
  >
  if (!isTexts(certificateChain, MAX_CHAIN)) throw new Error(`certificateChain is no list of 1 to ${MAX_CHAIN} texts`)
  if (!isTexts(trustBundle, MAX_ROOTS)) throw new Error(`trustBundle is no list of 1 to ${MAX_ROOTS} texts`)
  if (typeof spiffeId !== 'string' || typeof trustDomain !== 'string') throw new Error('it names no identity')
  if (typeof ttlMs !== 'number' || !(ttlMs >= MIN_TTL_MS && ttlMs < Number.POSITIVE_INFINITY)) {
    throw new Error(`ttlMs is no number of milliseconds from ${MIN_TTL_MS}`)
  }
  const aliases = trustDomainAliases ?? []
  if (!Array.isArray(aliases) || !aliases.every((alias) => typeof alias === 'string')) {
    throw new Error('trustDomainAliases is no list of texts')
  }
  return { certificateChain, spiffeId, ttlMs, trustDomain, trustDomainAliases: aliases, trustBundle }
}

function isTexts(value: unknown, max: number): value is readonly string[] {
  return (
    Array.isArray(value) && value.length > 0 && value.length <= max && value.every((item) => typeof item === 'string')
  )
}

function svidOf(response: CertificateResponse, privateKey: KeyObject): Svid {
  const roots = parseRoots(response.trustBundle)
  const chain = response.certificateChain.map((pem) => parse(pem, 'certificateChain'))
  const [leaf] = chain as [X509Certificate]
  const id = checkLeaf(leaf, privateKey)
  const uri = formatSpiffeId(id)
  if (uri !== response.spiffeId) throw new Error(`the certificate names ${uri} and the answer ${response.spiffeId}`)
  const trustDomains = [response.trustDomain, ...(response.trustDomainAliases ?? [])]
  if (!trustDomains.includes(id.trustDomain)) throw new Error(`${uri} is not of the trust domain ${trustDomains[0]}`)
  const notAfter = Date.parse(leaf.validTo)
  const lifetimeMs = notAfter - Date.parse(leaf.validFrom)
  if (!(lifetimeMs > 0)) throw new Error('the certificate ends before it begins')
  return {
    id,
    uri,
    certificateChain: chainTo(chain, roots).join(''),
    privateKey,
    trust: { certificates: roots.map(String), trustDomains },
    ttlMs: Math.min(response.ttlMs, lifetimeMs),
    notAfter,
  }
}

function checkLeaf(leaf: X509Certificate, privateKey: KeyObject): SpiffeId {
  if (!leaf.checkPrivateKey(privateKey)) throw new Error('the certificate is for another key')
  if (leaf.ca) throw new Error('the certificate is one of a CA')
  const usages = leaf.keyUsage as readonly string[] | undefined
  if (usages !== undefined && !(usages.includes(SERVER_AUTH) && usages.includes(CLIENT_AUTH))) {
    throw new Error('the certificate is not for clients and servers both')
  }
  const id = spiffeIdOf(leaf.subjectAltName)
  if (id === undefined) throw new Error('the certificate does not name exactly one identity of the mesh')
  return id
}

/** The chain without what `roots` has: each issued by the next, the last by one of them. Throws where it is none. */
function chainTo(chain: readonly X509Certificate[], roots: readonly X509Certificate[]): readonly X509Certificate[] {
  const isRoot = (certificate: X509Certificate): boolean => roots.some(({ raw }) => raw.equals(certificate.raw))
  const sent = chain.filter((certificate) => !isRoot(certificate))
  sent.forEach((certificate, index) => {
    const next = sent[index + 1]
    const issuers = next === undefined ? roots : [next]
    if (!issuers.some((issuer) => isIssuedBy(certificate, issuer))) {
      throw new Error('the certificate does not lead to a root of the trust bundle')
    }
  })
  return sent
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

/** Whether a chain (PEM, the leaf first) leads to one of the roots. */
export function leadsTo(certificateChain: string, roots: readonly string[]): boolean {
  try {
    chainTo(
      splitPem(certificateChain).map((pem) => parse(pem, 'certificateChain')),
      parseRoots(roots),
    )
    return true
  } catch {
    return false
  }
}

/** Throws for what is no CA certificate. */
function parseRoots(roots: readonly string[]): readonly X509Certificate[] {
  return roots.map((pem) => {
    const root = parse(pem, 'trustBundle')
    if (!root.ca) throw new Error('trustBundle holds a certificate that is none of a CA')
    return root
  })
}

/** The certificates of a PEM text; what stands between them is left out. */
export function splitPem(text: string): readonly string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g) ?? []
}

function parse(pem: string, where: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (error) {
    throw new Error(`${where} holds what is no certificate (${(error as Error).message})`)
  }
}
