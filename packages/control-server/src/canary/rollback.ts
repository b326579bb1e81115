import { fail, ok, type Result } from '@weft/mesh-protocol'
import type { ConfigResource } from '../config/resource.ts'
import type { Subset } from '../config/spec/destination-rule.ts'
import type { VirtualServiceSpec } from '../config/spec/virtual-service.ts'
import { sameJson } from '../kernel/json-value.ts'
import { apportion } from './apportion.ts'
import { meansHost } from './hosts.ts'
import { sumOf } from './others.ts'
import type { CanaryPlan, CanaryRefusal, CanarySituation } from './plan-types.ts'
import { noCanary } from './promote.ts'
import type { CanaryRecord, Touched } from './record.ts'
import { nameOf, specOf } from './ruling.ts'
import { isCanaryRule, splitOf, withSplit } from './split.ts'

/** What becomes of one resource: written, deleted, or left as it is. */
type Fate =
  | { readonly write: ConfigResource }
  | { readonly delete: ConfigResource }
  | { readonly warning: string }
  | undefined

/**
 * `DELETE …/canary`: the split as it was before the first change, also after a promotion. A resource that nobody else has
 * changed becomes exactly what it was; in one that was changed, only the canary's own parts are put back.
 */
export function planRollback(situation: CanarySituation): Result<CanaryPlan, CanaryRefusal> {
  const { record, virtualServices, destinationRules } = situation
  if (record === undefined) return fail(noCanary(situation))
  const current = find(virtualServices, record.virtualService)
  const fate = virtualServiceFate(current, record)
  const used = usedSubsets(othersWork(situation, current, fate), situation)
  const fates = [fate, ...record.destinationRules.map((rule) => ruleFate(find(destinationRules, rule), rule, used))]
  return ok({
    writes: fates.flatMap((each) => (each !== undefined && 'write' in each ? [each.write] : [])),
    deletes: fates.flatMap((each) => (each !== undefined && 'delete' in each ? [each.delete] : [])),
    warnings: fates.flatMap((each) => (each !== undefined && 'warning' in each ? [each.warning] : [])),
    record: undefined,
  })
}

function find(resources: readonly ConfigResource[], { namespace, name }: Touched): ConfigResource | undefined {
  return resources.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
}

/** Routes that were not there before the canary: not those of the VirtualService that becomes what it was. */
function othersWork(
  { virtualServices, record }: CanarySituation,
  current: ConfigResource | undefined,
  fate: Fate,
): readonly ConfigResource[] {
  const rest = virtualServices.filter((resource) => resource !== current)
  const isChanged = fate !== undefined && 'write' in fate && fate.write.spec !== record?.virtualService.before
  return isChanged ? [...rest, fate.write] : rest
}

function virtualServiceFate(current: ConfigResource | undefined, record: CanaryRecord): Fate {
  const { before, written, namespace, name } = record.virtualService
  if (current === undefined) {
    return before === null
      ? undefined
      : { warning: `VirtualService ${namespace}/${name} was deleted in the meantime and is not made again` }
  }
  if (sameJson(current.spec, written)) {
    return before === null ? { delete: current } : { write: { ...current, spec: before } }
  }
  return { write: { ...current, spec: { ...withoutCanary(current, record) } } }
}

/** The split of before in what others have made of the resource. */
function withoutCanary(current: ConfigResource, record: CanaryRecord): VirtualServiceSpec {
  const spec = specOf(current)
  const split = splitOf(current)
  const destinations = record.splitBefore.length > 0 ? record.splitBefore : othersAlone(record)
  if (split.ok && destinations.length > 0) return withSplit(spec, split.value, destinations, [])
  return { ...spec, http: (spec.http ?? []).filter((route) => !isCanaryRule(route)) }
}

function othersAlone({ others }: CanaryRecord): VirtualServiceSplit {
  if (sumOf(others) === 0) return []
  const weights = apportion(
    100,
    others.map(({ share }) => share),
  )
  return others.map(({ destination }, index) => ({ ...destination, weight: weights[index] as number }))
}

type VirtualServiceSplit = CanaryRecord['splitBefore']

/** Names of the service's subsets that routes lead to. */
function usedSubsets(
  virtualServices: readonly ConfigResource[],
  { service, domain }: CanarySituation,
): ReadonlySet<string> {
  const used = new Set<string>()
  for (const resource of virtualServices) {
    for (const { route = [] } of specOf(resource).http ?? []) {
      for (const { destination } of route) {
        if (destination.subset === undefined) continue
        if (meansHost(destination.host, service.host, resource.metadata.namespace, domain)) used.add(destination.subset)
      }
    }
  }
  return used
}

const subsetsOf = (spec: Touched['before']): readonly Subset[] => (spec?.subsets ?? []) as readonly Subset[]

/** Subsets that somebody routes to by now, or has changed, stay. */
function ruleFate(current: ConfigResource | undefined, rule: Touched, used: ReadonlySet<string>): Fate {
  if (current === undefined) return undefined
  const { before, written } = rule
  const had = new Set(subsetsOf(before).map(({ name }) => name))
  const added = subsetsOf(written).filter(({ name }) => !had.has(name))
  const inUse = added.filter(({ name }) => used.has(name))
  if (inUse.length === 0 && sameJson(current.spec, written)) {
    return before === null ? { delete: current } : { write: { ...current, spec: before } }
  }
  const removable = added.filter((subset) => !used.has(subset.name))
  const subsets = subsetsOf(current.spec).filter((subset) => !removable.some((each) => sameJson(each, subset)))
  if (inUse.length === 0) return { write: { ...current, spec: { ...current.spec, subsets } } }
  const kept = inUse.map(({ name }) => name).join(', ')
  if (removable.length > 0) return { write: { ...current, spec: { ...current.spec, subsets } } }
  return { warning: `DestinationRule ${nameOf(current)} keeps ${kept}, which routes lead to` }
}
