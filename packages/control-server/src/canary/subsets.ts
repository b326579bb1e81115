import type { ConfigResource } from '../config/resource.ts'
import type { DestinationRuleSpec, Subset } from '../config/spec/destination-rule.ts'
import { coversHost, meansHost } from './hosts.ts'
import type { CanarySituation } from './plan-types.ts'
import { VERSION_LABEL } from './versions.ts'

export const ruleSpecOf = (resource: ConfigResource): DestinationRuleSpec =>
  resource.spec as unknown as DestinationRuleSpec

type Where = Pick<CanarySituation, 'service' | 'domain' | 'destinationRules'>

/** The rules that name the service's host for every client, oldest first. */
export function rulesOf({ service, domain, destinationRules }: Where): readonly ConfigResource[] {
  return destinationRules.filter((resource) => {
    const { host, workloadSelector } = ruleSpecOf(resource)
    return workloadSelector === undefined && meansHost(host, service.host, resource.metadata.namespace, domain)
  })
}

/** A rule of the service's namespace whose policy a rule of the service's own would replace. */
export function wildcardRuleOf({ service, destinationRules }: Where): ConfigResource | undefined {
  return destinationRules.find(
    (resource) =>
      resource.metadata.namespace === service.namespace && coversHost(ruleSpecOf(resource).host, service.host),
  )
}

/** Longest name of a subset. */
const MAX_LENGTH = 63

/** The name of the subset of a version: the version itself as far as it can be a name, e.g. `1-2-3` for `1.2.3`. */
export function subsetNameOf(version: string): string {
  return version
    .replaceAll(/[^A-Za-z0-9-]+/g, '-')
    .slice(0, MAX_LENGTH)
    .replaceAll(/^-+|-+$/g, '')
}

/** The subsets that rules give the host; of several with one name the first counts, as in Istio. */
export class KnownSubsets {
  private readonly byName = new Map<string, Subset>()

  constructor(rules: readonly ConfigResource[]) {
    for (const rule of rules) {
      for (const subset of ruleSpecOf(rule).subsets ?? []) {
        if (!this.byName.has(subset.name)) this.byName.set(subset.name, subset)
      }
    }
  }

  get(name: string): Subset | undefined {
    return this.byName.get(name)
  }

  /** The subset that a request means: by its name, else the one that stands for a version of that value. */
  resolve(wanted: string): Subset {
    return this.byName.get(wanted) ?? this.ofVersion(wanted)
  }

  /** The subset of a version: one that is there and selects it by nothing else, or one to be made. */
  ofVersion(version: string): Subset {
    for (const subset of this.byName.values()) {
      const labels = Object.entries(subset.labels ?? {})
      if (labels.length === 1 && labels[0]?.[0] === VERSION_LABEL && labels[0][1] === version) return subset
    }
    const name = subsetNameOf(version)
    return { name: this.byName.has(name) ? `${name}-version` : name, labels: { [VERSION_LABEL]: version } }
  }
}
