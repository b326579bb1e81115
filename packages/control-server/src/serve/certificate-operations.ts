import { ref } from './openapi-schemas.ts'
import type { Operations } from './operation.ts'

/** What is said of the routes of the certificate authority. */
export const CERTIFICATE_OPERATIONS: Operations = {
  'POST /v1/certificates': {
    summary: 'Makes a certificate for the workload that the caller has proven to be; docs/protocol.md describes it.',
    body: ref('CertificateRequest'),
    answer: ref('CertificateResponse'),
  },
  'GET /v1/certificates': {
    summary: 'The certificates that are good, what was revoked, and the authority.',
    answer: ref('CertificateList'),
  },
  'POST /v1/certificates/revoke': {
    summary: 'Gives an identity, or the process that has a certificate, no further one.',
    body: ref('Revocable'),
    answer: ref('CertificateList'),
  },
  'POST /v1/certificates/restore': {
    summary: 'Gives an identity certificates again.',
    body: ref('Revocable'),
    answer: ref('CertificateList'),
  },
  'GET /v1/ca': { summary: 'The certificate authority: its roots and what becomes of them.', answer: ref('Ca') },
  'POST /v1/ca/rotate': {
    summary: 'Begins to replace the root of the mesh; the old one is believed until all that it signed has ended.',
    answer: ref('Ca'),
    code: 202,
  },
  'GET /v1/trust-bundle': {
    summary: 'Whom to believe: trust domain and roots as JSON, or the roots in PEM (?format=pem).',
    query: ['format'],
    answer: ref('TrustBundle'),
  },
}
