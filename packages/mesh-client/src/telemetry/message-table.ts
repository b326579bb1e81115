import type { MessagesRecord, Peer } from '../kernel/recorder.ts'
import type { Sample } from './counter-table.ts'
import { type IstioLabel, type IstioLabels, istioLabels } from './istio-labels.ts'
import { type Ends, seriesKey } from './series-key.ts'

type NotOfMessages =
  | 'request_protocol'
  | 'response_code'
  | 'grpc_response_status'
  | 'response_flags'
  | 'connection_security_policy'

/** What Istio leaves out of the labels of messages: they are counted before a call has ended (`istio_stats.cc`, `reportHelper`). */
export const NOT_OF_MESSAGES: readonly NotOfMessages[] = [
  'request_protocol',
  'response_code',
  'grpc_response_status',
  'response_flags',
  'connection_security_policy',
]

/** The labels of Istio's metrics of gRPC messages. */
export type MessageLabels = Omit<IstioLabels, NotOfMessages>

/** Messages that are counted under one set of labels. */
export interface MessageSeries {
  readonly labels: MessageLabels
  request: number
  response: number
}

/** Which of the two is asked for. */
export type MessageSum = 'request' | 'response'

/** Counts the messages of gRPC calls by Istio's labels. */
export class MessageTable {
  readonly #self: Peer
  readonly #maxLabelSets: number
  readonly #series = new Map<string, MessageSeries>()

  constructor(self: Peer, maxLabelSets: number) {
    this.#self = self
    this.#maxLabelSets = maxLabelSets
  }

  record(record: MessagesRecord): void {
    const series = this.seriesOf(record)
    series.request += record.requestMessages
    series.response += record.responseMessages
  }

  /** What messages between these two are counted in, for ever: whoever counts often keeps it. */
  seriesOf(ends: Ends): MessageSeries {
    const key = seriesKey(ends)
    const known = this.#series.get(key)
    if (known !== undefined) return known
    if (this.#series.size >= this.#maxLabelSets && (ends.peer !== undefined || ends.service !== undefined)) {
      return this.seriesOf({ reporter: ends.reporter, peer: undefined, service: undefined })
    }
    const added = { labels: messageLabels(ends, this.#self), request: 0, response: 0 }
    this.#series.set(key, added)
    return added
  }

  samples(sum: MessageSum): Iterable<Sample> {
    return [...this.#series.values()].map((series) => ({ labels: series.labels, value: series[sum] }))
  }

  reset(sum: MessageSum): void {
    for (const series of this.#series.values()) series[sum] = 0
  }
}

function messageLabels({ reporter, service, peer }: Ends, self: Peer): MessageLabels {
  const whole = istioLabels(
    { reporter, service, peer, protocol: 'grpc', status: 0, grpcStatus: undefined, flags: '-' },
    self,
  )
  const labels: Partial<Record<IstioLabel, string>> = { ...whole }
  for (const name of NOT_OF_MESSAGES) delete labels[name]
  return labels as MessageLabels
}
