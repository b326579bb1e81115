import { fail, ok, type Result } from '@weft/mesh-protocol'
import type { ConfigResource } from '../config/resource.ts'
import { canaryDestination, touched } from './plan.ts'
import type { CanaryPlan, CanaryRefusal, CanarySituation } from './plan-types.ts'
import type { CanaryRecord } from './record.ts'
import { consumerRouteWarnings, nameOf, rulingVirtualService, specOf } from './ruling.ts'
import { splitOf, withSplit } from './split.ts'
import { KnownSubsets, rulesOf } from './subsets.ts'

export function noCanary({ service }: CanarySituation): CanaryRefusal {
  return { status: 404, message: `there is no canary of ${service.host}: begin one with PUT` }
}

/** `POST …/canary/promote`: all traffic of the split to the canary, and its match rules gone. Other rules stay. */
export function planPromote(situation: CanarySituation): Result<CanaryPlan, CanaryRefusal> {
  const { record } = situation
  if (record === undefined) return fail(noCanary(situation))
  const ruling = rulingVirtualService(situation)
  if (!ruling.ok) return ruling
  if (ruling.value === undefined || !isOf(ruling.value, record)) {
    const { namespace, name } = record.virtualService
    const message = `VirtualService ${namespace}/${name}, which the canary of ${situation.service.host} is in, rules it no more: begin again with PUT, or DELETE the canary`
    return fail({ status: 409, message })
  }
  return promoteIn(ruling.value, record, situation)
}

const isOf = (resource: ConfigResource, { virtualService }: CanaryRecord): boolean =>
  nameOf(resource) === `${virtualService.namespace}/${virtualService.name}`

function promoteIn(
  ruling: ConfigResource,
  record: CanaryRecord,
  situation: CanarySituation,
): Result<CanaryPlan, CanaryRefusal> {
  const split = splitOf(ruling)
  if (!split.ok) return split
  const known = new KnownSubsets(rulesOf(situation))
  const canary = known.get(record.subset) ?? { name: record.subset }
  const { namespace } = ruling.metadata
  const destination = canaryDestination({ situation, namespace, split: split.value, canary, known })
  const spec = { ...withSplit(specOf(ruling), split.value, [{ ...destination, weight: 100 }], []) }
  const written = { ...ruling, spec }
  return ok({
    writes: [written],
    deletes: [],
    warnings: consumerRouteWarnings(situation),
    record: {
      ...record,
      weight: 100,
      match: [],
      promoted: true,
      virtualService: touched(written, ruling, record.virtualService),
    },
  })
}
