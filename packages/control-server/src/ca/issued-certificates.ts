import { parseSpiffeId } from '@weft/mesh-protocol'
import type { CertificateRecord, CertificateRecords } from './certificate-records.ts'
import type { Revocations } from './revocations.ts'

/** What is known of certificates that somebody shows. */
export interface IssuedCertificates {
  /** By the serial, hex in lower case; `undefined`: it was not issued here, or has ended. */
  get(serial: string): CertificateRecord | undefined
  /** Whether it, its identity, or the process that has it, was revoked. */
  isRevoked(certificate: { readonly uri: string; readonly serial: string }): boolean
}

export function issuedCertificates(records: CertificateRecords, revocations: Revocations): IssuedCertificates {
  return {
    get: (serial) => records.get(serial),
    isRevoked({ uri, serial }) {
      const id = parseSpiffeId(uri)
      const workloadId = records.get(serial)?.workloadId
      return id !== undefined && revocations.find({ ...id, serial, ...(workloadId && { workloadId }) }) !== undefined
    },
  }
}
