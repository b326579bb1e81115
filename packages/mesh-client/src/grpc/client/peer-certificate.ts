import type { MutualTls } from '../../kernel/recorder.ts'
import type { AuthContext } from './call-types.ts'

const PLAINTEXT: NonNullable<AuthContext> = {}

/** What a caller of grpc-js may know of whom it reached: of the certificate the name in it, which is what was verified. */
export function peerCertificateOf(proven: MutualTls | undefined): NonNullable<AuthContext> {
  if (proven === undefined) return PLAINTEXT
  const certificate = { subjectaltname: `URI:${proven.peer}` }
  return {
    transportSecurityType: 'ssl',
    sslPeerCertificate: certificate as NonNullable<NonNullable<AuthContext>['sslPeerCertificate']>,
  }
}
