import { type ClusterWeight, clusterName, type RequestMirrorPolicy, serviceHost } from '@weft/mesh-protocol'
import type { HttpFilter } from '../../config/spec/gateway/http-filters.ts'
import { type BackendObjectReference, isServiceBackend } from '../../config/spec/gateway/references.ts'
import type { GatewayRoute } from './route-index.ts'

/** From where references are resolved. */
export interface ReferenceScope {
  /** Of the route. */
  readonly namespace: string
  readonly domain: string
}

/** Answers of this name's cluster, which cannot exist (RFC 6761): those of Gateway API for a backend that is not valid. */
const NOWHERE = 'backend.invalid'

/**
 * Gateway API: the share of a backend that does not exist or cannot be used is answered with this. For gRPC it asks for
 * UNAVAILABLE, which is what a gRPC caller makes of 503.
 */
export function invalidBackendStatus(kind: GatewayRoute['kind']): number {
  return kind === 'GRPCRoute' ? 503 : 500
}

/**
 * The cluster that a backend stands for. In a mesh backends may be in any namespace. A Service or port that does not exist
 * has a name too, whose cluster may come later.
 */
export function backendCluster(backend: BackendObjectReference, scope: ReferenceScope): string {
  if (!isServiceBackend(backend)) return nowhere(backend)
  const host = serviceHost(backend.name, backend.namespace ?? scope.namespace, scope.domain)
  return clusterName({ port: backend.port ?? 0, subset: '', host })
}

/** A cluster that never exists. */
export function nowhere({ name }: { readonly name: string }): string {
  return clusterName({ port: 0, subset: '', host: `${name}.${NOWHERE}` })
}

/** Backends that get something, by weight; default 1. */
export function weightedBackends<B extends BackendObjectReference & { readonly weight?: number }>(
  backends: readonly B[] | undefined,
): readonly { readonly backend: B; readonly weight: number }[] {
  return (backends ?? [])
    .map((backend) => ({ backend, weight: backend.weight ?? 1 }))
    .filter(({ weight }) => weight > 0)
}

/** A split without filters. */
export function plainClusters(
  backends: Parameters<typeof weightedBackends>[0],
  scope: ReferenceScope,
): readonly Pick<ClusterWeight, 'cluster' | 'weight'>[] {
  return weightedBackends(backends).map(({ backend, weight }) => ({ cluster: backendCluster(backend, scope), weight }))
}

/** Copies go to Services alone; percent counts to 1/10,000. */
export function mirrorPolicies(filters: readonly HttpFilter[], scope: ReferenceScope): readonly RequestMirrorPolicy[] {
  return filters.flatMap(({ requestMirror }) => {
    if (requestMirror === undefined || !isServiceBackend(requestMirror.backendRef)) return []
    const { backendRef, percent, fraction } = requestMirror
    const ofFraction = fraction && (100 * fraction.numerator) / (fraction.denominator ?? 100)
    const share = percent ?? (ofFraction === undefined ? 100 : Math.round(ofFraction * 10_000) / 10_000)
    return [{ cluster: backendCluster(backendRef, scope), percent: share }]
  })
}
