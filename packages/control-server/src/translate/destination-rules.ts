import { type LbPolicy, ROOT_NAMESPACE } from '@weft/mesh-protocol'
import type { ConfigResource } from '../config/resource.ts'
import type { DestinationRuleSpec, Subset, TrafficPolicy } from '../config/spec/destination-rule.ts'
import { type ClientScope, hasLabels } from './client-scope.ts'
import { isVisibleTo, sameVisibility, type Visibility, visibilityOf } from './export-to.ts'
import { HostMap, hostsMeant } from './host-map.ts'
import { annotatedLbPolicy } from './load-balancers.ts'

/** A DestinationRule, or what several of one host come to. */
export interface DestinationRule {
  readonly namespace: string
  readonly trafficPolicy: TrafficPolicy | undefined
  /** By annotation: instead of every `simple` policy. */
  readonly lbPolicy: LbPolicy | undefined
  readonly subsets: readonly Subset[]
  readonly visibility: Visibility
  /** Labels of the client workloads it is for; `undefined`: all. */
  readonly clientLabels: Readonly<Record<string, string>> | undefined
}

export interface DestinationRuleIndex {
  /** The rule that a client follows towards a service. */
  find(service: { readonly host: string; readonly namespace: string }, client: ClientScope): DestinationRule | undefined
  /** Keys of `workloadSelector`s: what the outcome depends on besides the client's namespace. */
  readonly labelKeys: ReadonlySet<string>
}

type ByNamespace = Map<string, HostMap<DestinationRule>>

/**
 * `resources` come oldest first.
 *
 * @param exportTo of those that say nothing
 */
export function indexDestinationRules(
  resources: readonly ConfigResource[],
  domain: string,
  exportTo?: readonly string[],
): DestinationRuleIndex {
  const local: ByNamespace = new Map()
  const exported: ByNamespace = new Map()
  const labelKeys = new Set<string>()
  for (const resource of resources) {
    const rule = ruleOf(resource, exportTo)
    const { namespace } = rule
    for (const key of Object.keys(rule.clientLabels ?? {})) labelKeys.add(key)
    const meant = hostsMeant((resource.spec as DestinationRuleSpec & typeof resource.spec).host, namespace, domain)
    for (const host of meant) {
      if (isVisibleTo(rule.visibility, namespace)) hostMap(local, namespace).add(host, rule)
      if (!isPrivate(rule)) hostMap(exported, namespace).add(host, rule)
    }
  }
  return { labelKeys, find: (service, client) => findRule(local, exported, service, client) }
}

function ruleOf(
  { metadata, spec: anySpec }: ConfigResource,
  byDefault: readonly string[] | undefined,
): DestinationRule {
  const { namespace } = metadata
  const spec = anySpec as DestinationRuleSpec & typeof anySpec
  const selector = spec.workloadSelector
  return {
    namespace,
    trafficPolicy: spec.trafficPolicy,
    lbPolicy: annotatedLbPolicy(metadata),
    subsets: spec.subsets ?? [],
    // A rule for some workloads of a namespace stays in that namespace, whatever `exportTo` says.
    visibility: selector === undefined ? visibilityOf(spec.exportTo, namespace, byDefault) : new Set([namespace]),
    clientLabels: selector === undefined ? undefined : (selector.matchLabels ?? {}),
  }
}

function isPrivate({ visibility, namespace }: DestinationRule): boolean {
  return visibility !== 'public' && visibility.size <= 1 && (visibility.size === 0 || visibility.has(namespace))
}

function hostMap(maps: ByNamespace, namespace: string): HostMap<DestinationRule> {
  const known = maps.get(namespace)
  if (known !== undefined) return known
  const made = new HostMap<DestinationRule>()
  maps.set(namespace, made)
  return made
}

/**
 * The client's namespace, the service's, the root's; the first that says anything of the host is taken alone (Istio
 * `push_context.go` `destinationRule`). A client in the root namespace begins with what is private there.
 */
function findRule(
  local: ByNamespace,
  exported: ByNamespace,
  service: { readonly host: string; readonly namespace: string },
  client: ClientScope,
): DestinationRule | undefined {
  const own = local.get(client.namespace)?.lookUp(service.host) ?? []
  const first = client.namespace === ROOT_NAMESPACE ? own.filter(isPrivate) : own
  if (first.length > 0) return chooseForClient(mergeRules(first), client)
  for (const namespace of [service.namespace, ROOT_NAMESPACE]) {
    const rules = exported.get(namespace)?.lookUp(service.host) ?? []
    const visible = mergeRules(rules).filter(({ visibility }) => isVisibleTo(visibility, client.namespace))
    if (visible.length > 0) return chooseForClient(visible, client)
  }
  return undefined
}

/**
 * Several rules of one namespace for one host: subsets are united, the first definition of a name counting; the oldest
 * traffic policy counts whole (Istio `destination_rule.go` `mergeDestinationRule`). Rules with another `exportTo` or another
 * workload selector stay apart; only that of a rule which every reader of an older one also sees adds to the older one too.
 */
export function mergeRules(rules: readonly DestinationRule[]): readonly DestinationRule[] {
  const merged: DestinationRule[] = []
  for (const rule of rules) {
    let alone = true
    for (const [at, other] of merged.entries()) {
      if (!sameClients(other, rule)) continue
      const same = sameVisibility(other.visibility, rule.visibility)
      if (same) alone = false
      if (same || isWider(rule.visibility, other.visibility)) merged[at] = mergeTwo(other, rule)
    }
    if (alone) merged.push(rule)
  }
  return merged
}

function mergeTwo(older: DestinationRule, younger: DestinationRule): DestinationRule {
  const names = new Set(older.subsets.map(({ name }) => name))
  return {
    ...older,
    trafficPolicy: older.trafficPolicy ?? younger.trafficPolicy,
    lbPolicy: older.lbPolicy ?? younger.lbPolicy,
    subsets: [...older.subsets, ...younger.subsets.filter(({ name }) => !names.has(name))],
  }
}

/** Whether namespaces are listed that include all that the other lists. */
function isWider(wide: Visibility, narrow: Visibility): boolean {
  if (wide === 'public' || narrow === 'public' || narrow.size === 0) return false
  return [...narrow].every((namespace) => wide.has(namespace))
}

function sameClients(a: DestinationRule, b: DestinationRule): boolean {
  if (a.clientLabels === undefined || b.clientLabels === undefined) return a.clientLabels === b.clientLabels
  return hasLabels(a.clientLabels, b.clientLabels) && hasLabels(b.clientLabels, a.clientLabels)
}

/** A rule that selects the client's workload, in its namespace, goes before one for all (Istio `sidecar.go`). */
function chooseForClient(rules: readonly DestinationRule[], client: ClientScope): DestinationRule | undefined {
  const selecting = rules.find(
    ({ clientLabels, namespace }) =>
      clientLabels !== undefined && namespace === client.namespace && hasLabels(client.labels, clientLabels),
  )
  return selecting ?? rules.find(({ clientLabels }) => clientLabels === undefined)
}
