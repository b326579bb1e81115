import { createHash, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { type ConnectionOptions, checkServerIdentity, connect, type PeerCertificate } from 'node:tls'
import { isControlServer, spiffeIdOf } from '@weft/mesh-protocol'
import type { Credentials } from './credentials.ts'

/** What holds the server against what was pinned. */
export type ServerTrust = Pick<ConnectionOptions, 'ca' | 'checkServerIdentity'>

/** The server is not the one that was meant. */
class UntrustedServerError extends Error {
  override readonly name = 'UntrustedServerError'
}

/**
 * How the certificate of a server is checked: against a root of the mesh by the identity in it, whatever name it was reached under;
 * without a root, as the system does it. Rejects with {@link UntrustedServerError} where a pinned root is not in its chain.
 */
export async function serverTrust(
  url: URL,
  { ca, fingerprint }: Pick<Credentials, 'ca' | 'fingerprint'>,
  timeoutMs: number,
): Promise<ServerTrust> {
  if (ca !== undefined) return { ca, checkServerIdentity: checkEither }
  if (fingerprint === undefined) return {}
  const chain = await presentedChain(url, timeoutMs)
  const root = chain.find((certificate) => fingerprintOf(certificate) === fingerprint)
  if (root === undefined) {
    throw new UntrustedServerError(`its certificate does not lead to the root ${fingerprint} that is pinned`)
  }
  return { ca: root.toString(), checkServerIdentity: checkControlServer }
}

/** No workload of the mesh has a DNS name in its certificate, so that one that fits is the server's own, or a proxy's of yours. */
function checkEither(host: string, certificate: PeerCertificate): Error | undefined {
  return checkControlServer(host, certificate) && checkServerIdentity(host, certificate)
}

/** Any workload has a certificate that leads to the root; only the control server has this identity. */
function checkControlServer(_host: string, { subjectaltname }: PeerCertificate): Error | undefined {
  const id = spiffeIdOf(subjectaltname)
  if (id !== undefined && isControlServer(id)) return undefined
  return new UntrustedServerError('its certificate is not that of a control server')
}

/** What the server shows to somebody who says nothing and believes nothing. */
function presentedChain(url: URL, timeoutMs: number): Promise<readonly X509Certificate[]> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port: Number(url.port || 443),
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
      ...(isIP(host) === 0 ? { servername: host } : {}),
    })
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no handshake within ${timeoutMs} ms`)))
    socket.on('error', reject)
    socket.on('secureConnect', () => {
      resolve(chainOf(socket.getPeerCertificate(true)))
      socket.destroy()
    })
  })
}

interface LinkedCertificate {
  readonly raw?: Buffer
  readonly issuerCertificate?: LinkedCertificate
}

/** A root is its own issuer. */
function chainOf(leaf: LinkedCertificate): readonly X509Certificate[] {
  const chain: X509Certificate[] = []
  const seen = new Set<LinkedCertificate>()
  for (
    let at: LinkedCertificate | undefined = leaf;
    at?.raw !== undefined && !seen.has(at);
    at = at.issuerCertificate
  ) {
    seen.add(at)
    chain.push(new X509Certificate(at.raw))
  }
  return chain
}

function fingerprintOf({ raw }: X509Certificate): string {
  return createHash('sha256').update(raw).digest('hex')
}
