import type { Cluster, LocalityLbSetting } from '@weft/mesh-protocol'
import { type Place, rankingOf } from '../balancing/locality-priorities.ts'
import type { ZoneAwareConfig } from '../balancing/zone-aware.ts'

/** What the policy of a cluster makes of localities for this process. Made when the policy changes. */
export interface LocalityPlan {
  /** Absent: all endpoints have one priority. */
  readonly rank: ((endpoint: Place) => number) | undefined
  readonly distribute: LocalityLbSetting['distribute']
  /** Whether the localities of a priority are weighed against each other. */
  readonly weighted: boolean
  readonly zoneAware: ZoneAwareConfig | undefined
}

/** A process that does not say where it runs. */
export const NOWHERE: Place = { locality: { region: '', zone: '', subZone: '' }, labels: {} }

/**
 * `undefined`: localities make no difference. They are weighed where Istio asks Envoy to (`loadbalancer.go`
 * `ApplyToCluster`): with `distribute`, and with an order of failover that was written down and is in force.
 */
export function localityPlan(
  { localityLb, outlierDetection }: Pick<Cluster, 'localityLb' | 'outlierDetection'>,
  self: Place,
): LocalityPlan | undefined {
  if (localityLb === undefined) return undefined
  const { distribute = [], failover = [], failoverPriority = [], always = false, zoneAware } = localityLb
  const distributes = distribute.length > 0
  const rank = rankingOf(localityLb, self, outlierDetection !== undefined)
  const ordered = failover.length + failoverPriority.length > 0 && (outlierDetection !== undefined || always)
  const weighted = distributes || (ordered && zoneAware === undefined)
  if (rank === undefined && !weighted && zoneAware === undefined) return undefined
  return {
    rank,
    distribute: distributes ? distribute : undefined,
    weighted,
    zoneAware: distributes ? undefined : zoneAware,
  }
}
