import type { InboundFault } from '@weft/mesh-protocol'
import type { ConfigResource } from '../config/resource.ts'
import type { FaultInjectionSpec } from '../config/spec/fault-injection.ts'
import type { Workload } from '../registry/model.ts'
import { selects } from '../registry/workload-entry.ts'
import { routeFault } from './fault.ts'
import { routeMatch } from './route-match.ts'

/**
 * The failures that a workload injects into what it serves: those of its namespace whose selector it has the labels of,
 * the oldest resource first.
 */
export function inboundFaults(
  resources: readonly ConfigResource[],
  subject: Pick<Workload, 'namespace' | 'labels' | 'service'>,
): readonly InboundFault[] {
  return resources.flatMap(({ metadata, spec }): InboundFault[] => {
    const { selector, rules } = spec as unknown as FaultInjectionSpec
    if (metadata.namespace !== subject.namespace || !selects(selector?.matchLabels ?? {}, subject)) return []
    return rules.map((rule, index) => ({
      name: `${metadata.name}[${index}]`,
      match: routeMatch(rule.match ?? {}),
      // A rule that does nothing still keeps its requests from the rules after it.
      fault: routeFault(rule) ?? {},
    }))
  })
}
