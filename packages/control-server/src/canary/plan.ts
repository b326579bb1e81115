import { fail, ok, type Result } from '@weft/mesh-protocol'
import type { ConfigResource } from '../config/resource.ts'
import type { Subset } from '../config/spec/destination-rule.ts'
import type { HttpRoute, HttpRouteDestination } from '../config/spec/virtual-service.ts'
import { sameJson } from '../kernel/json-value.ts'
import { apportion } from './apportion.ts'
import { ensureSubsets } from './ensure-subsets.ts'
import { freeName } from './free-name.ts'
import { carryingShares, destinationOf, isOfService, presentShares, type Splitting, sumOf } from './others.ts'
import type { CanaryPlan, CanaryRefusal, CanarySituation } from './plan-types.ts'
import type { CanaryRecord, Share, Touched } from './record.ts'
import type { CanaryRequest } from './request.ts'
import { consumerRouteWarnings, nameOf, rulingVirtualService, specOf } from './ruling.ts'
import { CANARY_RULE, type Split, splitOf, withSplit } from './split.ts'
import { KnownSubsets, rulesOf, wildcardRuleOf } from './subsets.ts'
import { VERSION_LABEL } from './versions.ts'

/**
 * `PUT …/canary`: gives a subset its share of the split and the requests that match. The other destinations keep their
 * proportions, other rules stay. Creates the VirtualService and the DestinationRule where there are none.
 */
export function planCanary(situation: CanarySituation, request: CanaryRequest): Result<CanaryPlan, CanaryRefusal> {
  const ruling = rulingVirtualService(situation)
  if (!ruling.ok) return ruling
  const rules = rulesOf(situation)
  const wildcard = rules.length === 0 ? wildcardRuleOf(situation) : undefined
  if (wildcard !== undefined) return fail(shadowing(wildcard, situation))
  const split = ruling.value === undefined ? ok(undefined) : splitOf(ruling.value)
  if (!split.ok) return split
  const known = new KnownSubsets(rules)
  const splitting: Splitting = {
    situation,
    namespace: ruling.value?.metadata.namespace ?? situation.service.namespace,
    split: split.value,
    canary: known.resolve(request.subset),
    known,
  }
  const record = ongoing(situation.record, ruling.value)
  const others = carryingShares(sharesToKeep(splitting, record, ruling.value), 100 - request.weight, splitting)
  if (!others.ok) return others
  return ok(assemble(splitting, { request, ruling: ruling.value, rules, record, others: others.value }))
}

function shadowing(wildcard: ConfigResource, { service }: CanarySituation): CanaryRefusal {
  const message = `DestinationRule ${nameOf(wildcard)} rules ${service.host} through a wildcard, and one with the subsets would replace it: write a DestinationRule that names ${service.host} first`
  return { status: 409, message }
}

/** The record of the canary that goes on; another begins after a promotion or with another VirtualService. */
function ongoing(record: CanaryRecord | undefined, ruling: ConfigResource | undefined): CanaryRecord | undefined {
  if (record === undefined || record.promoted || ruling === undefined) return undefined
  const { namespace, name } = record.virtualService
  return ruling.metadata.namespace === namespace && ruling.metadata.name === name ? record : undefined
}

/** As long as nobody else changes the split, the proportions are those of the beginning, unrounded. */
function sharesToKeep(
  splitting: Splitting,
  record: CanaryRecord | undefined,
  ruling: ConfigResource | undefined,
): readonly Share[] {
  const isUntouched = record !== undefined && sameJson(ruling?.spec, record.virtualService.written)
  return isUntouched && record.subset === splitting.canary.name ? record.others : presentShares(splitting)
}

interface Decided {
  readonly request: CanaryRequest
  readonly ruling: ConfigResource | undefined
  readonly rules: readonly ConfigResource[]
  readonly record: CanaryRecord | undefined
  readonly others: readonly Share[]
}

function assemble(splitting: Splitting, decided: Decided): CanaryPlan {
  const { situation, split } = splitting
  const { request, ruling, record, others } = decided
  const destinations = weighted(splitting, request, others)
  const virtualService = virtualServiceOf(splitting, decided, destinations)
  const destinationRules = ensureSubsets(situation, decided.rules, subsetsToEnsure(splitting, others))
  return {
    writes: [...destinationRules, virtualService],
    deletes: [],
    warnings: warningsOf(splitting, decided),
    record: {
      subset: splitting.canary.name,
      weight: request.weight,
      match: request.match,
      promoted: false,
      virtualService: touched(virtualService, ruling, record?.virtualService),
      destinationRules: touchedRules(destinationRules, situation.destinationRules, record?.destinationRules ?? []),
      splitBefore: record?.splitBefore ?? split?.destinations ?? [],
      others,
    },
  }
}

/** The split with whole weights that sum to 100, the canary last. */
function weighted(splitting: Splitting, { weight }: CanaryRequest, others: readonly Share[]): HttpRouteDestination[] {
  const shares = others.map(({ share }) => share)
  const weights = sumOf(others) === 0 ? shares.map(() => 0) : apportion(100 - weight, shares)
  const rest = others.map(({ destination }, index) => ({ ...destination, weight: weights[index] as number }))
  return [...rest, { ...canaryDestination(splitting), weight }]
}

/** As it stands in the split, with its header operations, or as its siblings are written. */
export function canaryDestination(splitting: Splitting): HttpRouteDestination {
  const { split, canary } = splitting
  const present = split?.destinations.find(
    ({ destination }) => destination.subset === canary.name && isOfService(destination, splitting),
  )
  return present ?? destinationOf(canary.name, splitting)
}

function virtualServiceOf(
  splitting: Splitting,
  { request, ruling }: Decided,
  destinations: readonly HttpRouteDestination[],
): ConfigResource {
  const { split, situation } = splitting
  const rules = matchRules(splitting, request)
  if (ruling !== undefined && split !== undefined) {
    return { ...ruling, spec: { ...withSplit(specOf(ruling), split, destinations, rules) } }
  }
  const { name, namespace } = situation.service
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: freeName(name, namespace, situation.virtualServices), namespace },
    spec: { hosts: [name], http: [...rules, { route: destinations }] },
  }
}

/** What matches is treated as the rest is (timeout, retries, headers), but goes to the canary alone. */
function matchRules(splitting: Splitting, { match }: CanaryRequest): HttpRoute[] {
  if (match.length === 0) return []
  const { split, canary } = splitting
  const { name: _name, match: _match, route: _route, ...treatment } = routeOf(split)
  const { weight: _weight, ...destination } = canaryDestination(splitting)
  return [{ ...treatment, name: `${CANARY_RULE}${canary.name}`, match, route: [destination] }]
}

function routeOf(split: Split | undefined): HttpRoute {
  return split?.routes[split.index] ?? {}
}

/** The canary's, and those of versions that the split names; what people name themselves is theirs to define. */
function subsetsToEnsure({ canary, known, situation }: Splitting, others: readonly Share[]): Subset[] {
  const named = new Set(others.map(({ destination }) => destination.destination.subset))
  const versions = [...situation.versions.keys()].map((version) => known.ofVersion(version))
  return [canary, ...versions.filter(({ name }) => named.has(name) && name !== canary.name)]
}

export function touched(
  resource: ConfigResource,
  existing: ConfigResource | undefined,
  earlier: Touched | undefined,
): Touched {
  const { namespace, name } = resource.metadata
  const before = earlier === undefined ? (existing?.spec ?? null) : earlier.before
  return { namespace, name, before, written: resource.spec }
}

const isSame = (resource: ConfigResource, { namespace, name }: { namespace: string; name: string }): boolean =>
  resource.metadata.namespace === namespace && resource.metadata.name === name

function touchedRules(
  written: readonly ConfigResource[],
  existing: readonly ConfigResource[],
  earlier: readonly Touched[],
): Touched[] {
  const untouched = earlier.filter((each) => !written.some((resource) => isSame(resource, each)))
  const changed = written.map((resource) =>
    touched(
      resource,
      existing.find((each) => isSame(each, resource.metadata)),
      earlier.find((each) => isSame(resource, each)),
    ),
  )
  return [...untouched, ...changed]
}

function warningsOf({ situation, canary }: Splitting, { request, record }: Decided): string[] {
  const warnings = consumerRouteWarnings(situation)
  const version = canary.labels?.[VERSION_LABEL]
  if (version !== undefined && !situation.versions.has(version) && request.weight + request.match.length > 0) {
    warnings.push(
      `no workload of ${situation.service.host} has the version ${version} yet: what goes to it is answered 503 until then`,
    )
  }
  if (record !== undefined && record.match.length > 0 && request.match.length === 0) {
    warnings.push('the match rules of before are gone: send match again to keep them')
  }
  return warnings
}
