import type { ConfigResource } from '../config/resource.ts'
import { type ConfigItem, ConfigList } from './config-list.ts'

/** The kinds that say how hosts are called, and by whom: by plural, the list of the model that they stand in. */
const LISTS = {
  virtualservices: 'virtualServices',
  destinationrules: 'destinationRules',
  circuitbreakers: 'circuitBreakers',
  loadbalancers: 'loadBalancers',
  xbackendtrafficpolicies: 'backendTrafficPolicies',
  faultinjections: 'faultInjections',
  httproutes: 'httpRoutes',
  grpcroutes: 'grpcRoutes',
  tcproutes: 'tcpRoutes',
  tlsroutes: 'tlsRoutes',
  sidecars: 'sidecars',
  peerauthentications: 'peerAuthentications',
  requestauthentications: 'requestAuthentications',
  authorizationpolicies: 'authorizationPolicies',
  meshconfigs: 'meshConfigs',
} as const

export type PolicyPlural = keyof typeof LISTS

/** The resources of each kind, oldest first, then by key, as Istio orders them. A kind that did not change is the same list. */
export type PolicyLists = Readonly<Record<(typeof LISTS)[PolicyPlural], readonly ConfigResource[]>>

export type PolicyChanges = Map<PolicyPlural, Map<string, ConfigItem | undefined>>

/** The kinds that say who may call, whatever the host. */
const SECURITY: readonly string[] = ['peerauthentications', 'requestauthentications', 'authorizationpolicies']

export const isSecurity = (plural: string): boolean => SECURITY.includes(plural)

const PLURALS = Object.keys(LISTS) as readonly PolicyPlural[]

export function isPolicy(plural: string): plural is PolicyPlural {
  return Object.hasOwn(LISTS, plural)
}

/** The lists as they are kept up. */
export class PolicyTable {
  private readonly lists = new Map<PolicyPlural, ConfigList>()

  apply(changes: PolicyChanges): void {
    for (const [plural, items] of changes) {
      this.lists.set(plural, (this.lists.get(plural) ?? EMPTY).with(items))
    }
  }

  get resources(): PolicyLists {
    const entries = PLURALS.map((plural) => [LISTS[plural], (this.lists.get(plural) ?? EMPTY).resources])
    return Object.fromEntries(entries) as PolicyLists
  }
}

const EMPTY = new ConfigList()
