import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { PeerCertificate } from '../auth/facts.ts'
import { normalSerial } from '../ca/pem.ts'

/**
 * The certificate of the mesh that the client of this connection has shown, checked by the handshake; `undefined` for plaintext,
 * for a client without one, and for one that does not name exactly one identity (SPIFFE X509-SVID, section 2).
 */
export function peerOf(socket: Socket): PeerCertificate | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined
  const certificate = socket.getPeerX509Certificate()
  const uri = onlyUri(certificate?.subjectAltName)
  return certificate === undefined || uri === undefined
    ? undefined
    : { uri, serial: normalSerial(certificate.serialNumber) }
}

/** Why the certificate that a client has shown proves nothing; `undefined`: it has shown none, or it proves who that is. */
export function peerProblemOf(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket) || socket.getPeerX509Certificate() === undefined) return undefined
  if (!socket.authorized) return String(socket.authorizationError)
  return peerOf(socket) === undefined ? 'it does not name exactly one identity' : undefined
}

/** The identity alone. */
export function peerUriOf(socket: Socket): string | undefined {
  return peerOf(socket)?.uri
}

/** Node writes names as `URI:…, DNS:…`, and one that has a comma of its own in quotes, which no identity needs. */
function onlyUri(names: string | undefined): string | undefined {
  const uris = (names ?? '').split(', ').filter((name) => name.startsWith('URI:'))
  const [only] = uris
  return uris.length === 1 && /^URI:spiffe:\/\/[^\s",]+$/.test(only as string) ? only?.slice('URI:'.length) : undefined
}
