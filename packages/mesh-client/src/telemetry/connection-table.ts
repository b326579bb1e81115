import type { ConnectionRecord, Peer } from '../kernel/recorder.ts'
import type { Sample } from './counter-table.ts'
import { type IstioLabels, istioLabels } from './istio-labels.ts'
import { seriesKey } from './series-key.ts'

/** The labels of Istio's TCP metrics: those of its HTTP metrics but for what only a response has. */
export type TcpLabels = Omit<IstioLabels, 'response_code' | 'grpc_response_status'>

interface Series {
  readonly labels: TcpLabels
  opened: number
  closed: number
  sent: number
  received: number
}

/** What is counted of connections. */
export type ConnectionSum = 'opened' | 'closed' | 'sent' | 'received'

/** Counts connections and their bytes by Istio's labels. A connection is told of a few times in its life, so that a key is built each time. */
export class ConnectionTable {
  readonly #self: Peer
  readonly #maxLabelSets: number
  readonly #series = new Map<string, Series>()

  constructor(self: Peer, maxLabelSets: number) {
    this.#self = self
    this.#maxLabelSets = maxLabelSets
  }

  record(record: ConnectionRecord): void {
    const series = this.#seriesOf(record)
    if (record.opened) series.opened++
    if (record.closed) series.closed++
    series.sent += record.sentBytes
    series.received += record.receivedBytes
  }

  samples(sum: ConnectionSum): Iterable<Sample> {
    return [...this.#series.values()].map((series) => ({ labels: series.labels, value: series[sum] }))
  }

  reset(sum: ConnectionSum): void {
    for (const series of this.#series.values()) series[sum] = 0
  }

  #seriesOf(record: ConnectionRecord): Series {
    const key = `${record.flags}\n${seriesKey(record)}`
    const known = this.#series.get(key)
    if (known !== undefined) return known
    if (this.#series.size >= this.#maxLabelSets && (record.peer !== undefined || record.service !== undefined)) {
      return this.#seriesOf({ ...record, peer: undefined, service: undefined, flags: '-' })
    }
    const labels = tcpLabels(record, this.#self)
    const added: Series = { labels, opened: 0, closed: 0, sent: 0, received: 0 }
    this.#series.set(key, added)
    return added
  }
}

function tcpLabels(record: ConnectionRecord, self: Peer): TcpLabels {
  const whole = istioLabels({ ...record, protocol: 'tcp', status: 0, grpcStatus: undefined }, self)
  const { response_code: _code, grpc_response_status: _status, ...labels } = whole
  return labels
}
