import type { KeyObject } from 'node:crypto'
import { type CertificateResponse, fail, isControlServer, ok, parseSpiffeId, type Result } from '@weft/mesh-protocol'
import { formatTimestamp } from '../kernel/timestamp.ts'
import type { CertificateAuthority } from './authority.ts'
import type { CertificateRecord, CertificateRecords } from './certificate-records.ts'
import { credentialOf } from './credential-name.ts'
import { serialOf } from './pem.ts'
import type { Revocation, Revocations } from './revocations.ts'

/** Who a certificate is for, as the caller has proven it. */
export interface CertificateSubject {
  readonly namespace: string
  readonly serviceAccount: string
  readonly via: CertificateRecord['via']
  /** {@link credentialName} of what has proven it. */
  readonly name: string
  readonly tokenId?: string
}

export interface CertificateIssuerOptions {
  readonly authority: CertificateAuthority
  readonly records: CertificateRecords
  readonly revocations: Revocations
  readonly ttlMs: number
  readonly wallNow: () => number
}

/** Gives workloads their certificates, and remembers which. */
export class CertificateIssuer {
  private readonly options: CertificateIssuerOptions

  constructor(options: CertificateIssuerOptions) {
    this.options = options
  }

  /** Why this one gets no certificate, in a sentence for it; `undefined`: nothing is against it. */
  refusalFor(subject: CertificateSubject, workloadId: string): string | undefined {
    const { namespace, serviceAccount, name } = subject
    if (isControlServer(subject)) {
      return `${namespace}/${serviceAccount} is the control server's own identity, which no workload is given.`
    }
    if (parseSpiffeId(this.options.authority.spiffeId(subject)) === undefined) {
      return `${namespace}/${serviceAccount} cannot be written as an identity.`
    }
    const serial = credentialOf('certificate', name)
    const revocation = this.options.revocations.find({
      namespace,
      serviceAccount,
      workloadId,
      ...(serial === undefined ? {} : { serial }),
    })
    return revocation && sayRevoked(revocation)
  }

  /** Signs, remembers, answers. Rejects with a `CaError`, or a `StoreError`. */
  async issue(
    key: KeyObject,
    subject: CertificateSubject,
    workloadId: string,
  ): Promise<Result<CertificateResponse, string>> {
    const { authority, records, ttlMs, wallNow } = this.options
    const before = this.refusalFor(subject, workloadId)
    if (before !== undefined) return fail(before)
    const spiffeId = authority.spiffeId(subject)
    const { leaf, chain } = await authority.issue({ publicKey: key, uri: spiffeId }, ttlMs)
    const now = wallNow()
    const endsAtMs = leaf.validToDate.getTime()
    await records.add({
      serial: serialOf(leaf),
      spiffeId,
      namespace: subject.namespace,
      serviceAccount: subject.serviceAccount,
      workloadId,
      via: subject.via,
      credential: subject.name,
      ...(subject.tokenId === undefined ? {} : { tokenId: subject.tokenId }),
      issuedAtMs: now,
      endsAtMs,
    })
    // Whoever was revoked while this was being signed has it not.
    const after = this.refusalFor(subject, workloadId)
    if (after !== undefined) return fail(after)
    const { trustDomain, trustDomainAliases, certificates } = authority.trust.current as NonNullable<
      typeof authority.trust.current
    >
    return ok({
      certificateChain: chain,
      spiffeId,
      ttlMs: endsAtMs - now,
      trustDomain,
      ...(trustDomainAliases === undefined ? {} : { trustDomainAliases }),
      trustBundle: certificates,
    })
  }
}

function sayRevoked(revocation: Revocation): string {
  const at = formatTimestamp(revocation.revokedAtMs)
  if (revocation.kind === 'identity') {
    return `The identity ${revocation.namespace}/${revocation.serviceAccount} was revoked on ${at} and is given no certificate until somebody restores it ("weft certs restore").`
  }
  return `The certificate ${revocation.serial} of this process was revoked on ${at}, and the process is given no other: start it anew with a credential that was not revoked.`
}
