import type { Timers } from '../../kernel/timers.ts'
import type { Connection } from './connection.ts'
import type { PortMode } from './mtls-mode.ts'

/** How long what is under way has left when policy takes its connection no more: with the push it makes less than a second. */
const BARRED_GRACE_MS = 500

/** Ends the connections without TLS: unused ones at once, others with their answer, and what is left soon after. */
export function barPlaintext(connections: ReadonlySet<Connection>, timers: Timers): void {
  const plain = [...connections].filter(({ isPlain, facts }) => isPlain && !facts.isOwnProbe)
  if (plain.length === 0) return
  for (const connection of plain) connection.bar()
  const cut = (): void => {
    for (const connection of plain) if (connections.has(connection)) connection.cut()
  }
  timers.set(cut, BARRED_GRACE_MS)
}

/** A connection that is older than the mesh before its server, and has not been through the gate: it is plaintext. */
export function takeOver(connection: Connection, mode: PortMode): Connection {
  connection.isPlain = true
  if (mode === 'STRICT') connection.bar()
  return connection
}
