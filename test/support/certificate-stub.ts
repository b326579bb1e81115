import type { CertificateRequest } from '@weft/mesh-protocol'
import { readRequestedKey } from '../../packages/control-server/src/ca/certificate-request.ts'
import { createTestCa, type LeafOptions, type TestCa } from './test-ca.ts'

/** What a control server with a CA of its own answers to requests for certificates; a test turns it. */
export interface CertificateStub {
  ca: TestCa
  /** Who is named; default service account `default` in `default`. */
  leaf: LeafOptions
  /** What is told; default an hour, which is also the certificate's own end. */
  ttlMs: number
  /** Trust domain, then its aliases. */
  trustDomains: readonly string[]
  /** Roots; default the CA's. */
  roots: readonly string[] | undefined
  /** Answers with this status instead. */
  status: number | undefined
  /** Changes what is answered. */
  tamper: (body: Record<string, unknown>) => unknown
  readonly requests: CertificateRequest[]
  answer(request: CertificateRequest): Promise<{ readonly status: number; readonly text: string }>
}

export function createCertificateStub(ca: TestCa = createTestCa()): CertificateStub {
  const stub: CertificateStub = {
    ca,
    leaf: {},
    ttlMs: 3_600_000,
    trustDomains: ['cluster.local'],
    roots: undefined,
    status: undefined,
    tamper: (body) => body,
    requests: [],
    async answer(request) {
      stub.requests.push(request)
      if (stub.status !== undefined) {
        return { status: stub.status, text: JSON.stringify({ message: `stub says ${stub.status}` }) }
      }
      const [trustDomain = '', ...trustDomainAliases] = stub.trustDomains
      const key = await readRequestedKey(request.csr)
      if (!key.ok) return { status: 400, text: JSON.stringify({ message: key.error }) }
      const leaf = stub.ca.leaf({ trustDomain, ttlMs: stub.ttlMs, ...stub.leaf, publicKey: key.value })
      const body = {
        certificateChain: [leaf.certificate],
        spiffeId: leaf.uri,
        ttlMs: stub.ttlMs,
        trustDomain,
        trustDomainAliases,
        trustBundle: stub.roots ?? [stub.ca.root],
      }
      return { status: 200, text: JSON.stringify(stub.tamper(body)) }
    },
  }
  return stub
}
