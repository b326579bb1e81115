import { X509Certificate } from 'node:crypto'
import { connect, type DetailedPeerCertificate } from 'node:tls'

/**
 * The root certificate that a server shows, PEM, if its fingerprint is this one: what a token of the mesh names, so that
 * whoever holds the token needs no file besides it. Nothing secret goes over the connection on which it is read.
 */
export function pinnedRoot(url: string, fingerprint: string): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
      const root = chainOf(socket.getPeerCertificate(true)).find((certificate) => certificate.fingerprint256 === dotted)
      socket.destroy()
      if (root === undefined) reject(new Error(`${url} shows no certificate with the fingerprint ${fingerprint}`))
      else resolve(new X509Certificate(root.raw).toString())
    })
    const dotted = fingerprint.toUpperCase().replace(/..(?=.)/g, '$&:')
    socket.once('error', reject)
  })
}

function chainOf(leaf: DetailedPeerCertificate): readonly DetailedPeerCertificate[] {
  const chain = [leaf]
  for (let last = leaf; last.issuerCertificate !== undefined && last.issuerCertificate !== last; ) {
    last = last.issuerCertificate
    chain.push(last)
  }
  return chain
}
