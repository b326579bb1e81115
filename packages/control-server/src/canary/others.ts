import { fail, ok, type Result } from '@weft/mesh-protocol'
import type { Subset } from '../config/spec/destination-rule.ts'
import type { Destination, HttpRouteDestination } from '../config/spec/virtual-service.ts'
import { meansHost } from './hosts.ts'
import type { CanaryRefusal, CanarySituation } from './plan-types.ts'
import type { Share } from './record.ts'
import { type Split, sharesOf } from './split.ts'
import type { KnownSubsets } from './subsets.ts'
import { VERSION_LABEL } from './versions.ts'

/** What is being split, and for which canary. */
export interface Splitting {
  readonly situation: CanarySituation
  /** Namespace in which the destinations are written. */
  readonly namespace: string
  readonly split: Split | undefined
  readonly canary: Subset
  readonly known: KnownSubsets
}

export const isOfService = (
  { host }: Destination,
  { situation: { service, domain }, namespace }: Pick<Splitting, 'situation' | 'namespace'>,
): boolean => meansHost(host, service.host, namespace, domain)

/** A destination of the service, written as the others are. */
export function destinationOf(subset: string, splitting: Splitting): HttpRouteDestination {
  const sibling = splitting.split?.destinations.find(({ destination }) => isOfService(destination, splitting))
  const { host = writtenHost(splitting), port } = sibling?.destination ?? {}
  return { destination: { host, subset, ...(port === undefined ? {} : { port }) } }
}

/** From another namespace the short name would mean another service. */
function writtenHost({ situation: { service }, namespace }: Splitting): string {
  return namespace === service.namespace ? service.name : service.host
}

/** The other versions that are registered, by their number of workloads. */
export function versionShares(splitting: Splitting): Share[] {
  const { situation, canary, known } = splitting
  return [...situation.versions]
    .filter(([version]) => canary.labels?.[VERSION_LABEL] !== version)
    .map(([version, share]) => ({ destination: destinationOf(known.ofVersion(version).name, splitting), share }))
}

/** The destinations besides the canary in the proportion that they have now. */
export function presentShares(splitting: Splitting): Share[] {
  const { split, canary } = splitting
  if (split === undefined) return versionShares(splitting)
  const shares = sharesOf(split.destinations)
  return split.destinations.flatMap((entry, index) => {
    const { destination } = entry
    const share = shares[index] as number
    if (!isOfService(destination, splitting)) return [{ destination: entry, share }]
    const subset = destination.subset ?? ''
    if (subset === canary.name) return []
    // The whole service would take the canary's workloads in: its other versions stand for it.
    return subset === '' ? scaled(versionShares(splitting), share) : [{ destination: entry, share }]
  })
}

function scaled(shares: readonly Share[], total: number): Share[] {
  const sum = shares.reduce((all, { share }) => all + share, 0)
  return shares.map((each) => ({ ...each, share: (each.share * total) / sum }))
}

export const sumOf = (shares: readonly Share[]): number => shares.reduce((all, { share }) => all + share, 0)

/** Falls back to the registered versions where nothing of what is there has a share. */
export function carryingShares(
  shares: readonly Share[],
  rest: number,
  splitting: Splitting,
): Result<readonly Share[], CanaryRefusal> {
  if (rest === 0 || sumOf(shares) > 0) return ok(shares)
  const versions = versionShares(splitting)
  if (sumOf(versions) > 0) return ok(versions)
  const { service, versions: registered } = splitting.situation
  const there =
    registered.size === 0 ? 'no workload has a label version' : `registered is ${[...registered.keys()].join(', ')}`
  const message = `nothing can carry the other ${rest} %: besides ${splitting.canary.name} there is no version of ${service.host} (${there}); start one, with WEFT_VERSION set`
  return fail({ status: 422, message })
}
