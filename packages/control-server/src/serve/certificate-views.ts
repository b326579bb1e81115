import { X509Certificate } from 'node:crypto'
import type { CertificateRecord } from '../ca/certificate-records.ts'
import type { Ca } from '../ca/open-ca.ts'
import { fingerprintOf } from '../ca/pem.ts'
import type { Revocation } from '../ca/revocations.ts'
import { formatTimestamp } from '../kernel/timestamp.ts'

/** A certificate that is good, as the API shows it. */
export interface CertificateView {
  readonly serial: string
  readonly spiffeId: string
  readonly workloadId: string
  readonly via: string
  readonly credential: string
  readonly tokenId?: string
  readonly issuedAt: string
  readonly notAfter: string
  /** What was revoked, so that it is not renewed; absent where it may be. */
  readonly revoked?: 'identity' | 'certificate' | 'token'
}

export interface RevocationView {
  readonly kind: 'identity' | 'serial'
  readonly namespace: string
  readonly serviceAccount: string
  readonly serial?: string
  readonly workloadId?: string
  readonly revokedAt: string
  readonly by: string
}

export interface CertificateList {
  readonly certificates: readonly CertificateView[]
  readonly revocations: readonly RevocationView[]
  readonly ca: CaView
}

/** The authority; nothing secret. */
export interface CaView {
  /** Absent while nothing has needed one. */
  readonly signer?: string
  readonly trustDomain?: string
  readonly trustDomainAliases?: readonly string[]
  readonly roots: readonly RootView[]
  /** Of the change of the root; absent where the authority is not the server's own. */
  readonly rotation?: { readonly phase: string; readonly since?: string; readonly until?: string }
}

export interface RootView {
  /** SHA-256 of the DER, hex: what a token pins is the one of the first root. */
  readonly fingerprint: string
  readonly subject: string
  readonly notBefore: string
  readonly notAfter: string
  readonly certificate: string
}

export interface ViewOptions {
  readonly ca: Ca
  readonly isTokenRevoked: (tokenId: string) => boolean
  readonly wallNow: () => number
}

export function viewCertificates({ ca, isTokenRevoked, wallNow }: ViewOptions): CertificateList {
  const now = wallNow()
  const good = [...ca.records.all()].filter(({ endsAtMs }) => endsAtMs > now)
  good.sort((a, b) => compare(a.spiffeId, b.spiffeId) || a.issuedAtMs - b.issuedAtMs || compare(a.serial, b.serial))
  return {
    certificates: good.map((record) => {
      const revoked = whatIsRevoked(record, ca, isTokenRevoked)
      return viewCertificate(record, revoked)
    }),
    revocations: [...ca.revocations.all()].map(viewRevocation),
    ca: viewCa(ca),
  }
}

function whatIsRevoked(
  record: CertificateRecord,
  { revocations }: Ca,
  isTokenRevoked: (tokenId: string) => boolean,
): CertificateView['revoked'] {
  const revocation = revocations.find(record)
  if (revocation !== undefined) return revocation.kind === 'identity' ? 'identity' : 'certificate'
  return record.tokenId !== undefined && isTokenRevoked(record.tokenId) ? 'token' : undefined
}

function viewCertificate(record: CertificateRecord, revoked: CertificateView['revoked']): CertificateView {
  const { serial, spiffeId, workloadId, via, credential, tokenId, issuedAtMs, endsAtMs } = record
  return {
    serial,
    spiffeId,
    workloadId,
    via,
    credential,
    ...(tokenId === undefined ? {} : { tokenId }),
    issuedAt: formatTimestamp(issuedAtMs),
    notAfter: formatTimestamp(endsAtMs),
    ...(revoked === undefined ? {} : { revoked }),
  }
}

function viewRevocation(revocation: Revocation): RevocationView {
  const { kind, namespace, serviceAccount, revokedAtMs, by } = revocation
  return {
    kind,
    namespace,
    serviceAccount,
    ...(revocation.kind === 'serial' ? { serial: revocation.serial, workloadId: revocation.workloadId } : {}),
    revokedAt: formatTimestamp(revokedAtMs),
    by,
  }
}

export function viewCa({ authority }: Ca): CaView {
  const { existing: signer, trust } = authority
  if (signer === undefined || trust.current === undefined) return { roots: [] }
  const { trustDomain, trustDomainAliases, certificates } = trust.current
  const rotation = signer.rotation?.read()
  return {
    signer: signer.description,
    trustDomain,
    ...(trustDomainAliases === undefined ? {} : { trustDomainAliases }),
    roots: certificates.map(viewRoot),
    ...(rotation === undefined
      ? {}
      : {
          rotation: {
            phase: rotation.phase,
            ...(rotation.sinceMs === undefined ? {} : { since: formatTimestamp(rotation.sinceMs) }),
            ...(rotation.untilMs === undefined ? {} : { until: formatTimestamp(rotation.untilMs) }),
          },
        }),
  }
}

function viewRoot(pem: string): RootView {
  const root = new X509Certificate(pem)
  return {
    fingerprint: fingerprintOf(root),
    subject: root.subject,
    notBefore: formatTimestamp(root.validFromDate.getTime()),
    notAfter: formatTimestamp(root.validToDate.getTime()),
    certificate: pem,
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b))
