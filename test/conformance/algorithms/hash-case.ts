import { type HostWeights, hostWeights } from '../../../packages/mesh-client/src/balancing/host-weights.ts'
import { type TestHost, testHost } from '../../support/balancing.ts'

interface Host {
  readonly key: string
  readonly weight: number
}

interface Pick {
  readonly hash: string
  readonly host: string | null
}

/** A row of the known answers of ring hash and Maglev. */
export interface HashCase {
  readonly name: string
  readonly hosts?: readonly Host[]
  readonly localities?: readonly { readonly locality_weight: number; readonly hosts: readonly Host[] }[]
  /** Two localities in words: a weight with one host, and a weight with a range of ports. */
  readonly localities_rule?: string
  readonly error?: string
  readonly picks?: readonly Pick[]
  readonly retry_picks?: readonly (Pick & {
    readonly host_selection_retry_count: number
    readonly reject: readonly string[]
  })[]
  readonly picks_by_string_key?: readonly { readonly key: string; readonly xxh64?: string; readonly host: string }[]
}

export function weightsOf(one: HashCase): HostWeights<TestHost> {
  const localities = one.localities ?? (one.localities_rule === undefined ? undefined : inWords(one.localities_rule))
  const hosts = (one.hosts ?? []).map(({ key, weight }) => testHost(key, weight))
  return hostWeights(
    hosts,
    localities?.map(({ locality_weight: weight, hosts: all }) => ({
      weight,
      hosts: all.map((host) => testHost(host.key, host.weight)),
    })),
  )
}

export function inIdOrder({ hosts, shares, ...rest }: HostWeights<TestHost>): HostWeights<TestHost> {
  const order = [...hosts.keys()].sort((a, b) => (idOf(hosts, a) < idOf(hosts, b) ? -1 : 1))
  return {
    ...rest,
    hosts: order.map((index) => hosts[index] as TestHost),
    shares: Float64Array.from(order, (index) => shares[index] as number),
  }
}

function idOf(hosts: readonly TestHost[], index: number): string {
  return (hosts[index] as TestHost).endpoint.id
}

function inWords(rule: string): NonNullable<HashCase['localities']> {
  const weights = [...rule.matchAll(/weight (\d+)/g)].map(([, weight]) => Number(weight))
  const address = /(\d+\.\d+\.\d+\.\d+):/.exec(rule)?.[1]
  const ports = [...rule.matchAll(/\d+\.\d+\.\d+\.\d+:(\d+)/g)].map(([, port]) => Number(port))
  const last = Number(/\.\. ?(?:\d+\.\d+\.\d+\.\d+:)?(\d+)/.exec(rule)?.[1])
  const [single = 0, first = 0] = ports
  const range = Array.from({ length: last - first + 1 }, (_, index) => ({
    key: `${address}:${first + index}`,
    weight: 1,
  }))
  return [
    { locality_weight: weights[0] ?? 0, hosts: [{ key: `${address}:${single}`, weight: 1 }] },
    { locality_weight: weights[1] ?? 0, hosts: range },
  ]
}
