import { X509Certificate } from 'node:crypto'
import { fail, ok, type Result, type TrustBundle, type Violation } from '@weft/mesh-protocol'
import type { Trust } from './identity.ts'

/** Whom a bundle says to believe; certificates are written anew, so that equal ones are equal texts. */
export function readTrustBundle(bundle: TrustBundle): Result<Trust> {
  const { trustDomain, trustDomainAliases = [] } = bundle
  const violations: Violation[] = []
  const certificates = bundle.certificates.map((pem, index) => {
    const root = parsed(pem)
    if (root?.ca !== true)
      violations.push({ field: `certificates[${index}]`, message: 'is no certificate of a CA in PEM' })
    return String(root)
  })
  return violations.length > 0
    ? fail(violations)
    : ok({ certificates, trustDomains: [trustDomain, ...trustDomainAliases] })
}

function parsed(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}
