import type { ServiceRef } from '@weft/mesh-protocol'
import { type CallRecord, NOBODY_KNOWN, type Peer } from '../kernel/recorder.ts'
import { HISTOGRAM_SLOTS, observe } from './histogram.ts'
import { type IstioLabels, istioLabels, NO_SERVICE } from './istio-labels.ts'
import type { MessageSeries, MessageTable } from './message-table.ts'

/** Where each metric of a series stands in {@link CallSeries.slots}. */
export const SLOT: Readonly<Record<'requests' | 'duration' | 'requestBytes' | 'responseBytes', number>> = {
  requests: 0,
  duration: 1,
  requestBytes: 1 + HISTOGRAM_SLOTS,
  responseBytes: 1 + 2 * HISTOGRAM_SLOTS,
}

const SLOTS = 1 + 3 * HISTOGRAM_SLOTS

/** All that is counted under one set of labels. */
export interface CallSeries {
  readonly labels: IstioLabels
  readonly slots: Float64Array
}

interface InternedSeries extends CallSeries {
  readonly protocol: CallRecord['protocol']
  readonly status: number
  readonly grpcStatus: string | undefined
  readonly flags: string
  readonly service: ServiceRef
  /** Where messages of its calls are counted; absent for HTTP. */
  readonly messages: MessageSeries | undefined
}

interface InternedPeer {
  readonly peer: Peer
  /** By host of the service. */
  readonly services: Map<string, InternedSeries[]>
}

/** By workload name; the peers of one name, which is one as a rule, are told apart by looking at each. */
type PeerIndex = Map<string, InternedPeer[]>

/**
 * Counts finished calls. A call is counted in a few tenths of a microsecond: no key is built and nothing is allocated
 * for a set of labels that has been seen, whatever objects the record is made of. prom-client takes several times as
 * long because it sorts and joins all 25 labels on each observation.
 *
 * A peer names itself in a header, so the number of label sets is limited: beyond `maxLabelSets` a call is counted with
 * its peer and service unknown.
 */
export class CallTable {
  readonly #self: Peer
  readonly #maxLabelSets: number
  readonly #messages: MessageTable
  readonly #bySource: PeerIndex = new Map()
  readonly #byDestination: PeerIndex = new Map()
  readonly #series: InternedSeries[] = []
  #folded = 0

  /** @param messages counts the messages of gRPC calls, by fewer labels */
  constructor(self: Peer, maxLabelSets: number, messages: MessageTable) {
    this.#self = self
    this.#maxLabelSets = maxLabelSets
    this.#messages = messages
  }

  record(record: CallRecord): void {
    const { slots, messages } = this.#seriesOf(record)
    if (messages !== undefined) {
      messages.request += record.requestMessages ?? 0
      messages.response += record.responseMessages ?? 0
    }
    slots[SLOT.requests] = (slots[SLOT.requests] as number) + 1
    observe(slots, SLOT.duration, record.durationMs)
    observe(slots, SLOT.requestBytes, record.requestBytes)
    observe(slots, SLOT.responseBytes, record.responseBytes)
  }

  series(): readonly CallSeries[] {
    return this.#series
  }

  /** Calls that were counted with peer and service unknown because there was no room for their labels. */
  get folded(): number {
    return this.#folded
  }

  /** Sets slots of every series to 0; the series stay. */
  reset(start: number, count: number): void {
    for (const { slots } of this.#series) slots.fill(0, start, start + count)
  }

  #seriesOf(record: CallRecord): InternedSeries {
    const found = this.#find(record)
    if (found !== undefined) return found
    if (this.#series.length < this.#maxLabelSets) return this.#add(record)
    this.#folded++
    const bare: CallRecord = { ...record, service: undefined, peer: undefined, flags: '-' }
    return this.#find(bare) ?? this.#add(bare)
  }

  #find(record: CallRecord): InternedSeries | undefined {
    const peer = record.peer ?? NOBODY_KNOWN
    const known = findPeer(this.#peersOf(record).get(peer.workload), peer)
    if (known === undefined) return undefined
    const service = record.service ?? NO_SERVICE
    return findSeries(known.services.get(service.host), service, record)
  }

  #add(record: CallRecord): InternedSeries {
    const peer = record.peer ?? NOBODY_KNOWN
    const service = record.service ?? NO_SERVICE
    const peers = entryOf<string, InternedPeer[]>(this.#peersOf(record), peer.workload, () => [])
    let known = findPeer(peers, peer)
    if (known === undefined) {
      known = { peer, services: new Map() }
      peers.push(known)
    }
    const { protocol, status, grpcStatus, flags } = record
    const labels = istioLabels(record, this.#self)
    const messages = protocol === 'grpc' ? this.#messages.seriesOf(record) : undefined
    const added = { labels, slots: new Float64Array(SLOTS), protocol, status, grpcStatus, flags, service, messages }
    entryOf<string, InternedSeries[]>(known.services, service.host, () => []).push(added)
    this.#series.push(added)
    return added
  }

  #peersOf(record: CallRecord): PeerIndex {
    return record.reporter === 'source' ? this.#bySource : this.#byDestination
  }
}

function findPeer(candidates: readonly InternedPeer[] | undefined, peer: Peer): InternedPeer | undefined {
  if (candidates === undefined) return undefined
  for (const candidate of candidates) {
    if (candidate.peer === peer || samePeer(candidate.peer, peer)) return candidate
  }
  return undefined
}

/** The workload has been compared. */
function samePeer(a: Peer, b: Peer): boolean {
  return (
    a.namespace === b.namespace &&
    a.version === b.version &&
    a.app === b.app &&
    a.canonicalService === b.canonicalService &&
    a.canonicalRevision === b.canonicalRevision &&
    a.cluster === b.cluster &&
    sameTls(a.mutualTls, b.mutualTls)
  )
}

function sameTls(a: Peer['mutualTls'], b: Peer['mutualTls']): boolean {
  return a === b || (a !== undefined && b !== undefined && a.peer === b.peer && a.own === b.own)
}

function findSeries(
  candidates: readonly InternedSeries[] | undefined,
  service: ServiceRef,
  record: CallRecord,
): InternedSeries | undefined {
  if (candidates === undefined) return undefined
  for (const candidate of candidates) {
    if (
      candidate.status === record.status &&
      candidate.flags === record.flags &&
      candidate.protocol === record.protocol &&
      candidate.grpcStatus === record.grpcStatus &&
      (candidate.service === service ||
        (candidate.service.name === service.name && candidate.service.namespace === service.namespace))
    ) {
      return candidate
    }
  }
  return undefined
}

function entryOf<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  const present = map.get(key)
  if (present !== undefined) return present
  const created = create()
  map.set(key, created)
  return created
}
