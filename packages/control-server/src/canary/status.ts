import type { HttpMatchRequest } from '../config/spec/virtual-service.ts'
import type { CanarySituation } from './plan-types.ts'
import { rulingVirtualService } from './ruling.ts'
import { splitOf } from './split.ts'

/** A canary for `GET …/canary` and for the answers to what changes it. */
export interface CanaryStatus {
  readonly host: string
  readonly subset: string
  /** In percent of what no rule takes. */
  readonly weight: number
  readonly match: readonly HttpMatchRequest[]
  /** It has everything, and can still be rolled back. */
  readonly promoted: boolean
  /** What stands in the VirtualService now, whoever wrote it. */
  readonly split: readonly { readonly host: string; readonly subset: string; readonly weight: number }[]
}

/** `undefined`: there is no canary. */
export function canaryStatus(situation: CanarySituation): CanaryStatus | undefined {
  const { record, service } = situation
  if (record === undefined) return undefined
  const { subset, weight, match, promoted } = record
  return { host: service.host, subset, weight, match, promoted, split: splitNow(situation) }
}

function splitNow(situation: CanarySituation): CanaryStatus['split'] {
  const ruling = rulingVirtualService(situation)
  const split = ruling.ok && ruling.value !== undefined ? splitOf(ruling.value) : undefined
  if (split === undefined || !split.ok) return []
  const { destinations } = split.value
  return destinations.map(({ destination, weight }) => ({
    host: destination.host,
    subset: destination.subset ?? '',
    weight: destinations.length === 1 ? 100 : (weight ?? 0),
  }))
}
