import type { Registry } from 'prom-client'
import { CollectedCounter } from './collected-metrics.ts'
import type { ConnectionSum, ConnectionTable } from './connection-table.ts'
import { ISTIO_LABELS } from './istio-labels.ts'

const TCP_LABELS = ISTIO_LABELS.filter((label) => label !== 'response_code' && label !== 'grpc_response_status')

const METRICS: readonly (readonly [string, string, ConnectionSum])[] = [
  ['istio_tcp_connections_opened_total', 'TCP connections opened.', 'opened'],
  ['istio_tcp_connections_closed_total', 'TCP connections closed.', 'closed'],
  ['istio_tcp_sent_bytes_total', 'Bytes sent by servers on TCP connections.', 'sent'],
  ['istio_tcp_received_bytes_total', 'Bytes received by servers on TCP connections.', 'received'],
]

/** Istio's metrics of connections that are not looked into. Source: Istio `istio_stats.cc`. */
export function registerTcpMetrics(registry: Registry, connections: ConnectionTable): void {
  for (const [name, help, sum] of METRICS) {
    new CollectedCounter(
      { name, help, labelNames: TCP_LABELS, registry },
      { samples: () => connections.samples(sum), reset: () => connections.reset(sum) },
    )
  }
}
