import type { Socket } from 'node:net'
import type { OwnProbes } from '../../inbound/own-probes.ts'
import type { Clock } from '../../kernel/clock.ts'
import { Connection } from './connection.ts'
import { connectionOf, track } from './tracked.ts'

/** The connections of a served port, from when they are accepted to their end. */
export class OpenConnections {
  readonly #clock: Clock
  readonly #ownProbes: OwnProbes
  readonly #all = new Set<Connection>()
  /** When one came or went last, on the mesh's clock. */
  lastChangedAt: number = Number.NEGATIVE_INFINITY
  /** Told when the last of them has gone. */
  whenEmpty: () => void = () => undefined

  constructor({ clock, ownProbes }: { readonly clock: Clock; readonly ownProbes: OwnProbes }) {
    this.#clock = clock
    this.#ownProbes = ownProbes
  }

  get all(): ReadonlySet<Connection> {
    return this.#all
  }

  /** The connection of a socket, which is one of them from now on. */
  of(socket: Socket): Connection {
    const known = connectionOf(socket)
    if (known !== undefined) return known
    const now = this.#clock.now()
    const connection = new Connection(socket, now, this.#ownProbes)
    track(socket, connection)
    this.#all.add(connection)
    this.lastChangedAt = now
    socket.once('close', () => this.#gone(connection))
    return connection
  }

  #gone(connection: Connection): void {
    connection.closed()
    this.#all.delete(connection)
    this.lastChangedAt = this.#clock.now()
    if (this.#all.size === 0) this.whenEmpty()
  }
}
