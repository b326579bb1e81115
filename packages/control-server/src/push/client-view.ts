import { formatTimestamp } from '../kernel/timestamp.ts'
import { NO_VERSION, type Stream } from './stream.ts'
import type { ClientView } from './types.ts'

export function clientView({ id, node, connectedAtMs, subscriptions, held }: Stream): ClientView {
  const present = [...held.values()].filter(({ sent }) => sent !== NO_VERSION)
  const nacked = present.flatMap(({ nack }) => (nack === undefined ? [] : [nack]))
  const acked = present.filter(({ sent, acked: inForce, nack }) => nack === undefined && sent === inForce).length
  return {
    id: node.id,
    streamId: id,
    service: node.service,
    namespace: node.namespace,
    version: node.labels.version ?? '',
    connectedAt: formatTimestamp(connectedAtMs),
    subscriptions: [...subscriptions.keys()].sort(),
    sent: present.length,
    acked,
    pending: present.length - acked - nacked.length,
    nacked,
  }
}
