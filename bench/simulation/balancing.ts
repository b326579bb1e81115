import { DEFAULT_PEAK_EWMA, type Endpoint } from '@weft/mesh-protocol'
import { createPicker } from '../../packages/mesh-client/src/balancing/create-picker.ts'
import type { BalancingPolicy, Picker, PickerDeps } from '../../packages/mesh-client/src/balancing/picker.ts'
import { createEndpointRecord, type EndpointRecord } from '../../packages/mesh-client/src/cluster/endpoint-record.ts'
import { LatencyObserver } from '../../packages/mesh-client/src/cluster/latency-observer.ts'
import { randomHash } from '../../packages/mesh-client/src/kernel/hash64.ts'
import { type Random, seededRandom } from '../../packages/mesh-client/src/kernel/random.ts'
import { createSlicedWork } from '../../packages/mesh-client/src/kernel/sliced-work.ts'
import { quantile } from '../lib/statistics.ts'
import { EventQueue } from './event-queue.ts'
import { exponential, type ServerBehaviour, ServerModel } from './server-model.ts'

export interface SimulationOptions {
  readonly policy: BalancingPolicy
  readonly clients: number
  readonly servers: readonly ServerBehaviour[]
  /** Of each client, in random intervals. */
  readonly requestsPerSecond: number
  readonly durationMs: number
  /** Requests that start before are not counted. */
  readonly warmUpMs: number
  readonly seed: number
}

export interface SimulationResult {
  readonly requests: number
  /** Of requests that succeeded, in milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly p999: number
  /** Part of the requests that failed. */
  readonly errorRate: number
  /** Part of the requests that each server got. */
  readonly shares: readonly number[]
}

interface Client {
  readonly picker: Picker<EndpointRecord>
  readonly records: readonly EndpointRecord[]
}

/** A request that comes to a client, or the answer to one. */
type SimulationEvent =
  | { readonly kind: 'request'; readonly client: Client }
  | { readonly kind: 'answer'; readonly record: EndpointRecord; readonly startedAt: number; readonly status: number }

/**
 * Many clients, each of which balances by itself and knows only what it has seen, over servers with queues. Nothing but
 * the policy keeps requests from a server: no ejection, no retry. Time is that of the simulation: the same seed gives the
 * same result.
 */
export function simulate(options: SimulationOptions): SimulationResult {
  const random = seededRandom(options.seed)
  let now = 0
  const clock = { now: () => now, wallNow: () => now }
  const timers = { set: () => ({}), clear: () => undefined }
  const deps = { random, clock, work: createSlicedWork(clock, timers) }
  const servers = options.servers.map((behaviour) => new ServerModel(behaviour, random))
  const numbers = new Map<string, number>(options.servers.map((_, index) => [idOf(index), index]))
  const observer =
    options.policy.lbPolicy === 'PEAK_EWMA'
      ? new LatencyObserver(options.policy.peakEwma ?? DEFAULT_PEAK_EWMA, clock)
      : undefined
  const tally = new Tally(options)
  const events = new EventQueue<SimulationEvent>()
  const interval = 1_000 / options.requestsPerSecond
  for (let index = 0; index < options.clients; index++) {
    events.push(exponential(random, interval), { kind: 'request', client: makeClient(options, deps) })
  }
  while (events.size > 0) {
    now = events.moment
    const event = events.pop()
    if (event.kind === 'answer') {
      const { record, startedAt, status } = event
      record.active--
      observer?.answered(record, startedAt, now, status, {})
      tally.answered(startedAt, now, status)
      continue
    }
    if (now > options.durationMs) continue
    const record = event.client.picker.pick(hashFor(options.policy, random)) as EndpointRecord
    const number = numbers.get(record.endpoint.id) as number
    const server = servers[number] as ServerModel
    record.active++
    tally.sent(number, now)
    events.push(server.answeredAt(now), { kind: 'answer', record, startedAt: now, status: server.status })
    events.push(now + exponential(random, interval), event)
  }
  return tally.result()
}

function hashFor({ lbPolicy }: BalancingPolicy, random: Random): ReturnType<typeof randomHash> | undefined {
  return lbPolicy === 'RING_HASH' || lbPolicy === 'MAGLEV' ? randomHash(random) : undefined
}

function makeClient({ policy, servers }: SimulationOptions, deps: PickerDeps): Client {
  const records = servers.map((_, index) => createEndpointRecord(endpointOf(index), 0))
  return { records, picker: createPicker(policy, records, deps) }
}

function idOf(index: number): string {
  return `10.0.${index >> 8}.${index & 0xff}:8080`
}

function endpointOf(index: number): Endpoint {
  return {
    id: idOf(index),
    address: `10.0.${index >> 8}.${index & 0xff}`,
    port: 8080,
    weight: 1,
    healthStatus: 'HEALTHY',
    locality: { region: '', zone: '', subZone: '' },
    labels: {},
    workload: { name: '', namespace: '', serviceAccount: '' },
  }
}

/** Counts the requests that start after the warm-up. */
class Tally {
  readonly #from: number
  readonly #latencies: number[] = []
  readonly #sent: number[]
  #failed = 0

  constructor({ warmUpMs, servers }: SimulationOptions) {
    this.#from = warmUpMs
    this.#sent = servers.map(() => 0)
  }

  sent(server: number, now: number): void {
    if (now >= this.#from) this.#sent[server] = (this.#sent[server] as number) + 1
  }

  answered(startedAt: number, now: number, status: number): void {
    if (startedAt < this.#from) return
    if (status >= 500) this.#failed++
    else this.#latencies.push(now - startedAt)
  }

  result(): SimulationResult {
    const sorted = Float64Array.from(this.#latencies).sort()
    const requests = sorted.length + this.#failed
    return {
      requests,
      p50: quantile(sorted, 0.5),
      p99: quantile(sorted, 0.99),
      p999: quantile(sorted, 0.999),
      errorRate: this.#failed / requests,
      shares: this.#sent.map((count) => count / requests),
    }
  }
}
