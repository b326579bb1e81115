import { formatTable } from './table.ts'

/** What is shown of the authority; the answer has more. */
export interface CaShown {
  readonly signer?: string
  readonly trustDomain?: string
  readonly roots: readonly {
    readonly fingerprint: string
    readonly subject: string
    readonly notAfter: string
    readonly certificate: string
  }[]
  readonly rotation?: { readonly phase: string; readonly since?: string; readonly until?: string }
}

export interface CertificatesShown {
  readonly certificates: readonly {
    readonly serial: string
    readonly spiffeId: string
    readonly workloadId: string
    readonly credential: string
    readonly issuedAt: string
    readonly notAfter: string
    readonly revoked?: string
  }[]
  readonly revocations: readonly {
    readonly kind: string
    readonly namespace: string
    readonly serviceAccount: string
    readonly serial?: string
    readonly revokedAt: string
    readonly by: string
  }[]
  readonly ca: CaShown
}

export function certificateTable({ certificates, revocations, ca }: CertificatesShown): string {
  const titles = ['SERIAL', 'IDENTITY', 'WORKLOAD', 'BY', 'ISSUED', 'ENDS', 'REVOKED']
  const rows = certificates.map((certificate) => [
    certificate.serial,
    certificate.spiffeId,
    certificate.workloadId,
    certificate.credential,
    certificate.issuedAt,
    certificate.notAfter,
    certificate.revoked ?? '',
  ])
  const revoked = revocations.map(({ kind, namespace, serviceAccount, serial, revokedAt, by }) => {
    const what =
      kind === 'serial'
        ? `certificate ${serial} of ${namespace}/${serviceAccount}`
        : `identity ${namespace}/${serviceAccount}`
    return `revoked: ${what}, on ${revokedAt} by ${by}`
  })
  return [formatTable(titles, rows), ...revoked, ...rotationLines(ca)].join('\n')
}

export function caTable(ca: CaShown): string {
  if (ca.signer === undefined) return 'There is no certificate authority yet: the first that needs one makes it.'
  const rows = ca.roots.map(({ fingerprint, subject, notAfter }) => [fingerprint, subject, notAfter])
  return [
    `${ca.signer} of the trust domain ${ca.trustDomain}`,
    formatTable(['FINGERPRINT', 'SUBJECT', 'ENDS'], rows),
    ...rotationLines(ca),
  ].join('\n')
}

/** Nothing where the root is not being changed. */
function rotationLines({ rotation }: CaShown): readonly string[] {
  if (rotation === undefined || rotation.phase === 'stable') return []
  const what =
    rotation.phase === 'introducing'
      ? 'a new root is being made known'
      : 'the new root signs, and the old one is still believed'
  return [`change of the root: ${what}, since ${rotation.since}, until ${rotation.until} at the latest`]
}
