import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { type Cluster, clusterServerName, type Endpoint, type MeshTls } from '@weft/mesh-protocol'
import type { IdentityState, Trust } from '../../identity/identity.ts'
import { type ExpectedPeer, expectedPeer, type ProvenPeer } from '../../identity/tls-peer.ts'

/** Mutual TLS with the identities of the mesh towards one endpoint. */
export interface MeshTlsTarget {
  readonly sni: string
  readonly expected: ExpectedPeer
}

/**
 * Whether an endpoint is spoken to by mutual TLS of the mesh: where policy asks for it (`ISTIO_MUTUAL`), whatever this process
 * has, so that a missing identity is an error and never a downgrade; else where the endpoint offers it and this process has a
 * way to an identity. Source: Istio, auto mTLS (`pilot/pkg/networking/core/cluster_tls.go`).
 */
export function meshTlsOf(config: Cluster, endpoint: Endpoint, state: IdentityState): MeshTlsTarget | undefined {
  const { tls, autoMtls } = config
  if (tls !== undefined)
    return tls.mode === 'ISTIO_MUTUAL' ? target({ sni: sniOf(config), ...tls }, endpoint) : undefined
  if (autoMtls === undefined || endpoint.tlsMode !== 'istio' || state === 'off') return undefined
  return target(autoMtls, endpoint)
}

/** Who is at the other end of a handshake whose chain was verified. Throws where that is not whom it has to be. */
export function assertPeer(socket: TLSSocket, expected: ExpectedPeer, trust: Trust): ProvenPeer {
  const peer = expectedPeer(socket.getPeerX509Certificate() as X509Certificate, expected, trust)
  if (peer.ok) return peer.value
  const error = new Error(`its certificate is not the one of whom is called: ${peer.error}`)
  throw Object.assign(error, { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
}

/** Whether connections to an endpoint serve as well for what it has become. */
export function sameMeshTls(a: Endpoint, b: Endpoint): boolean {
  return (
    a === b ||
    (a.tlsMode === b.tlsMode &&
      a.workload.namespace === b.workload.namespace &&
      a.workload.serviceAccount === b.workload.serviceAccount)
  )
}

function target({ sni, subjectAltNames }: MeshTls, { workload }: Endpoint): MeshTlsTarget {
  const { namespace, serviceAccount } = workload
  const expected = subjectAltNames === undefined ? { namespace, serviceAccount } : { subjectAltNames }
  return { sni, expected }
}

function sniOf({ port, subset, service: { host } }: Cluster): string {
  return clusterServerName({ port, subset, host })
}
