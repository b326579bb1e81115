import type { Cluster, Endpoint, MeshTls } from '@weft/mesh-protocol'
import type { IdentityState } from '../../identity/identity.ts'
import type { ExpectedPeer } from '../../identity/tls-peer.ts'

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

/** Istio's name of a cluster as SNI (`pkg/config/host` `BuildDNSSrvSubsetKey`). */
function sniOf({ port, subset, service: { host } }: Cluster): string {
  return `outbound_.${port}_.${subset}_.${host}`
}
