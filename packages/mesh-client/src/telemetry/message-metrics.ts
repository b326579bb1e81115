import type { Registry } from 'prom-client'
import { CollectedCounter } from './collected-metrics.ts'
import { ISTIO_LABELS } from './istio-labels.ts'
import { type MessageSum, type MessageTable, NOT_OF_MESSAGES } from './message-table.ts'

const LEFT_OUT: ReadonlySet<string> = new Set(NOT_OF_MESSAGES)
const MESSAGE_LABELS = ISTIO_LABELS.filter((label) => !LEFT_OUT.has(label))

const METRICS: readonly (readonly [string, string, MessageSum])[] = [
  ['istio_request_messages_total', 'gRPC messages from clients to servers.', 'request'],
  ['istio_response_messages_total', 'gRPC messages from servers to clients.', 'response'],
]

/** Istio's metrics of the messages of gRPC calls. Source: Istio `istio_stats.cc`. */
export function registerMessageMetrics(registry: Registry, messages: MessageTable): void {
  for (const [name, help, sum] of METRICS) {
    new CollectedCounter(
      { name, help, labelNames: MESSAGE_LABELS, registry },
      { samples: () => messages.samples(sum), reset: () => messages.reset(sum) },
    )
  }
}
