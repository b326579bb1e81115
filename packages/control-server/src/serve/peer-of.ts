import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { formatSpiffeId, spiffeIdOf } from '@weft/mesh-protocol'
import type { PeerCertificate } from '../auth/facts.ts'
import { serialOf } from '../ca/pem.ts'

/**
 * The certificate of the mesh that the client of this connection has shown, checked by the handshake; `undefined` for plaintext,
 * for a client without one, and for one that does not name exactly one identity (SPIFFE X509-SVID, section 2).
 */
export function peerOf(socket: Socket): PeerCertificate | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined
  const certificate = socket.getPeerX509Certificate()
  const id = spiffeIdOf(certificate?.subjectAltName)
  return certificate === undefined || id === undefined
    ? undefined
    : { uri: formatSpiffeId(id), serial: serialOf(certificate) }
}

/** Why the certificate that a client has shown proves nothing; `undefined`: it has shown none, or it proves who that is. */
export function peerProblemOf(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket) || socket.getPeerX509Certificate() === undefined) return undefined
  if (!socket.authorized) return String(socket.authorizationError)
  return peerOf(socket) === undefined ? 'it does not name exactly one identity' : undefined
}
