import type { Socket } from 'node:net'

/** The two ends of a connection, as a socket knows them. */
type Ends = Pick<Socket, 'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort'>

/**
 * The connections that this process makes to itself to find out how it is. Policies of mutual TLS and of access let them pass,
 * as Istio's agent does for the probes that it stands in for; they are known by both ends of their socket, which nobody else
 * can have while it is open.
 */
export class OwnProbes {
  readonly #open = new Set<string>()

  /** The probing side of one is connected. */
  connected(socket: Socket): void {
    const name = nameOf(socket.localAddress, socket.localPort, socket.remoteAddress, socket.remotePort)
    this.#open.add(name)
    socket.once('close', () => this.#open.delete(name))
  }

  /** Whether a connection that was accepted is one of them. */
  has({ localAddress, localPort, remoteAddress, remotePort }: Ends): boolean {
    return this.#open.size > 0 && this.#open.has(nameOf(remoteAddress, remotePort, localAddress, localPort))
  }
}

function nameOf(...[from, fromPort, to, toPort]: readonly (string | number | undefined)[]): string {
  return `${plainAddress(from as string)} ${fromPort} ${plainAddress(to as string)} ${toPort}`
}

/** An address of IPv4 as such, also where a socket of IPv6 tells it; empty where there is none. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return ''
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}
