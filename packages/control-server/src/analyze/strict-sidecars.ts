import type { MeshConfigSpec } from '../config/spec/mesh-config.ts'
import type { SidecarSpec } from '../config/spec/sidecar.ts'
import type { Subject } from './finding.ts'
import type { MeshView } from './mesh-view.ts'

/** The Sidecars that name hosts and refuse the rest. */
export function strictSidecars({ ofKind }: MeshView): readonly Subject<SidecarSpec>[] {
  const [meshConfig] = ofKind<MeshConfigSpec>('MeshConfig')
  const mesh = meshConfig?.resource.spec.outboundTrafficPolicy
  return ofKind<SidecarSpec>('Sidecar').filter(({ resource: { spec } }) => {
    const policy = spec.outboundTrafficPolicy ?? mesh
    const refuses = policy !== undefined && (policy.mode ?? 'REGISTRY_ONLY') === 'REGISTRY_ONLY'
    return refuses && (spec.egress ?? []).length > 0
  })
}
