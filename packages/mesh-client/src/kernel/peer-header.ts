import type { Peer } from './recorder.ts'

/**
 * Names the calling workload to the server's telemetry. Sent between mesh processes only, stripped before the
 * application sees the request, and never used for authorization: anybody can write it.
 */
export const PEER_HEADER = 'x-weft-peer'

const FIELDS = [
  'workload',
  'namespace',
  'app',
  'version',
  'canonicalService',
  'canonicalRevision',
  'cluster',
] as const satisfies readonly (keyof Peer)[]

/** Longer values are not taken: they would become metric labels. */
const MAX_LENGTH = 1024

/** Percent-encoded values in a fixed order, joined with `;`. */
export function encodePeer(peer: Peer): string {
  return FIELDS.map((field) => encodeURIComponent(peer[field])).join(';')
}

/** `undefined` for anything that {@link encodePeer} has not written. Missing trailing fields are empty. */
export function decodePeer(text: string): Peer | undefined {
  const parts = text.split(';')
  if (text.length > MAX_LENGTH || parts.length > FIELDS.length) return undefined
  try {
    const [workload, namespace, app, version, canonicalService, canonicalRevision, cluster] = FIELDS.map((_, index) =>
      decodeURIComponent(parts[index] ?? ''),
    ) as [string, string, string, string, string, string, string]
    return { workload, namespace, app, version, canonicalService, canonicalRevision, cluster }
  } catch {
    return undefined
  }
}

/**
 * What telemetry calls a workload, from its labels. Istio `pkg/kube/labels/labels.go`: canonical name from
 * `service.istio.io/canonical-name`, `app.kubernetes.io/name`, `app` or the workload; revision from
 * `service.istio.io/canonical-revision`, `app.kubernetes.io/version`, `version` or `latest`.
 */
export function peerOf(
  workload: { readonly name: string; readonly namespace: string },
  labels: Readonly<Record<string, string>>,
  cluster: string,
): Peer {
  return {
    workload: workload.name,
    namespace: workload.namespace,
    app: labels.app ?? '',
    version: labels.version ?? '',
    canonicalService:
      labels['service.istio.io/canonical-name'] ?? labels['app.kubernetes.io/name'] ?? labels.app ?? workload.name,
    canonicalRevision:
      labels['service.istio.io/canonical-revision'] ??
      labels['app.kubernetes.io/version'] ??
      labels.version ??
      'latest',
    cluster,
  }
}
