import type { PortPolicy, TrafficPolicy } from '../config/spec/destination-rule.ts'

/** The blocks that hold for one port of one subset. */
export type EffectivePolicy = Omit<TrafficPolicy, 'portLevelSettings'>

/**
 * The traffic policy of a cluster (Istio `networking/util` `MergeSubsetTrafficPolicy`). On both levels the settings of the
 * port, where there are any, stand instead of all others. Then each block of the subset replaces that of the rule; settings
 * of the subset for the port also replace blocks that they do not have, by nothing.
 */
export function effectivePolicy(
  rule: TrafficPolicy | undefined,
  subset: TrafficPolicy | undefined,
  port: number | undefined,
): EffectivePolicy {
  const whole = policyOf(rule, port)
  const own = portPolicy(subset, port)
  if (own === undefined) return { ...whole, ...policyOf(subset, port) }
  const { loadBalancer: _l, connectionPool: _c, outlierDetection: _o, tls: _t, ...rest } = whole
  return { ...rest, ...own }
}

function policyOf(policy: TrafficPolicy | undefined, port: number | undefined): EffectivePolicy {
  if (policy === undefined) return {}
  const { portLevelSettings: _, ...whole } = policy
  return portPolicy(policy, port) ?? whole
}

function portPolicy(policy: TrafficPolicy | undefined, port: number | undefined): PortPolicy | undefined {
  if (port === undefined) return undefined
  const own = policy?.portLevelSettings?.find((settings) => settings.port?.number === port)
  if (own === undefined) return undefined
  const { port: _, ...blocks } = own
  return blocks
}
