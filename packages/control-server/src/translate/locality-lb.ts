import { DEFAULT_ZONE_AWARE, type LocalityLbSetting } from '@weft/mesh-protocol'
import type {
  LoadBalancerSettings,
  LocalityLbSetting as LocalityLbSpec,
  ZoneAwareLbSetting,
} from '../config/spec/destination-rule.ts'
import type { MeshSettings } from '../registry/mesh-settings.ts'
import type { MeshService, TrafficDistribution } from '../registry/model.ts'

/** What the mesh says of localities. */
export type MeshLocalities = Pick<MeshSettings, 'localityLbSetting' | 'zoneAwareLbSetting'>

/**
 * Which localities a cluster prefers: what the DestinationRule says, else the Service's `trafficDistribution`, else the mesh;
 * the first that says anything counts whole (Istio `loadbalancer.go` `GetEffectiveLbSetting`). `undefined` where nothing
 * would come of it: without outlier detection only what weighs localities or is meant in any case is told.
 */
export function localityLb(
  settings: LoadBalancerSettings | undefined,
  service: Pick<MeshService, 'trafficDistribution'>,
  mesh: MeshLocalities,
  hasOutlierDetection: boolean,
): LocalityLbSetting | undefined {
  const found = effective(settings, service, mesh)
  const matters = hasOutlierDetection || found?.always === true || found?.distribute !== undefined
  return matters ? found : undefined
}

function effective(
  settings: LoadBalancerSettings | undefined,
  { trafficDistribution }: Pick<MeshService, 'trafficDistribution'>,
  mesh: MeshLocalities,
): LocalityLbSetting | undefined {
  if (settings?.zoneAwareLbSetting !== undefined) return zoneAware(settings.zoneAwareLbSetting)
  if (settings?.localityLbSetting !== undefined) return locality(settings.localityLbSetting)
  if (trafficDistribution !== undefined) {
    return { failoverPriority: DISTRIBUTIONS[trafficDistribution], always: true }
  }
  if (mesh.zoneAwareLbSetting !== undefined) return zoneAware(mesh.zoneAwareLbSetting)
  return locality(mesh.localityLbSetting)
}

const SAME_ZONE: readonly string[] = [
  'topology.istio.io/network',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
]

const DISTRIBUTIONS: Readonly<Record<TrafficDistribution, readonly string[]>> = {
  PreferClose: SAME_ZONE,
  PreferSameZone: SAME_ZONE,
  PreferSameNode: [...SAME_ZONE, 'topology.istio.io/subzone', 'kubernetes.io/hostname'],
}

function locality({
  enabled,
  distribute = [],
  failover,
  failoverPriority,
}: LocalityLbSpec): LocalityLbSetting | undefined {
  if (enabled === false) return undefined
  // Where both are given, the shares hold alone.
  if (distribute.length > 0) return { distribute: distribute.map(({ from = '', to = {} }) => ({ from, to })) }
  return order({ failover, failoverPriority })
}

/** Zone awareness orders regions whether or not outlier detection is there. */
function zoneAware({
  enabled,
  failover,
  failoverPriority,
  minClusterSize,
}: ZoneAwareLbSetting): LocalityLbSetting | undefined {
  if (enabled === false) return undefined
  return {
    ...order({ failover, failoverPriority }),
    always: true,
    zoneAware: { ...DEFAULT_ZONE_AWARE, ...(minClusterSize === undefined ? {} : { minClusterSize }) },
  }
}

function order({
  failover = [],
  failoverPriority = [],
}: {
  readonly failover: LocalityLbSpec['failover'] | undefined
  readonly failoverPriority: readonly string[] | undefined
}): Pick<LocalityLbSetting, 'failover' | 'failoverPriority'> {
  const labels = failoverPriority.filter((label) => label !== '')
  return {
    ...(failover.length === 0 ? {} : { failover: failover.map(({ from = '', to = '' }) => ({ from, to })) }),
    ...(labels.length === 0 ? {} : { failoverPriority: labels }),
  }
}
