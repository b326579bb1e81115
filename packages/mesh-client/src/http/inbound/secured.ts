import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { Identity } from '../../identity/identity.ts'
import type { ProvenPeer } from '../../identity/tls-peer.ts'
import { type MutualTls, NOBODY_KNOWN, type Peer } from '../../kernel/recorder.ts'

/** What a handshake has proven; the same for all that comes over its connection. */
export interface Secured {
  readonly sni: string | undefined
  readonly peer: ProvenPeer
  /** For telemetry. */
  readonly mutualTls: MutualTls
  /** Of whom nothing but the certificate is known. */
  readonly unnamed: Peer
  /** The value of `x-forwarded-client-cert` that the application sees. */
  readonly forwarded: string
  /** When the peer's certificate ends, on the mesh's clock. */
  readonly endsAt: number
  /** Generation of our own certificate. */
  readonly generation: number
}

/** @param times now, on the mesh's clock and on the wall's */
export function securedBy(
  socket: TLSSocket,
  certificate: X509Certificate,
  peer: ProvenPeer,
  own: Identity,
  times: { readonly now: number; readonly wallNow: number },
): Secured {
  const { servername } = socket as { servername?: string | false | null }
  const mutualTls = { peer: peer.uri, own: own.uri }
  return {
    sni: typeof servername === 'string' && servername !== '' ? servername : undefined,
    peer,
    mutualTls,
    unnamed: { ...NOBODY_KNOWN, namespace: peer.id.namespace, mutualTls },
    forwarded: forwardedClientCert(certificate, peer, own),
    endsAt: times.now + (Date.parse(certificate.validTo) - times.wallNow),
    generation: own.generation,
  }
}

/** What a caller says of itself, as far as its certificate does not know better. */
export function namedBy(said: Peer | undefined, { unnamed, mutualTls, peer }: Secured): Peer {
  return said === undefined ? unnamed : { ...said, namespace: peer.id.namespace, mutualTls }
}

/** Source: Envoy, `x-forwarded-client-cert` in HTTP connection manager headers, with the details that Istio's sidecar sets. */
function forwardedClientCert(certificate: X509Certificate, { uri }: ProvenPeer, own: Identity): string {
  const hash = certificate.fingerprint256.replaceAll(':', '').toLowerCase()
  return `By=${own.uri};Hash=${hash};Subject="${subjectOf(certificate)}";URI=${uri}`
}

/** RFC 2253: the last part first, joined by commas. Node writes one part a line. */
function subjectOf({ subject }: X509Certificate): string {
  const parts = (subject as string | undefined)?.split('\n').reverse() ?? []
  return parts
    .join(',')
    .replace(/["\\]/g, '\\$&')
    .replace(/[^\x20-\x7e]/g, '?')
}
