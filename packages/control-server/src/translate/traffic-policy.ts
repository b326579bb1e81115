import type { PortPolicy, TrafficPolicy } from '../config/spec/destination-rule.ts'

/** The blocks that hold for one port of one subset. */
export type EffectivePolicy = Omit<TrafficPolicy, 'portLevelSettings'>

/**
 * The traffic policy of a cluster (Istio `networking/util` `MergeSubsetTrafficPolicy`): on both levels the settings of the
 * port, where there are any, replace the others whole; then each block of the subset replaces that of the rule.
 */
export function effectivePolicy(
  rule: TrafficPolicy | undefined,
  subset: TrafficPolicy | undefined,
  port: number | undefined,
): EffectivePolicy {
  return { ...forPort(rule, port), ...forPort(subset, port) }
}

function forPort(policy: TrafficPolicy | undefined, port: number | undefined): EffectivePolicy {
  if (policy === undefined) return {}
  const { portLevelSettings = [], ...whole } = policy
  const own = port === undefined ? undefined : portLevelSettings.find((settings) => settings.port?.number === port)
  if (own === undefined) return whole
  const { port: _, ...blocks } = own
  return blocks satisfies PortPolicy
}
