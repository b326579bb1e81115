import type { Socket } from 'node:net'
import { type TLSSocket, Server as TlsServer } from 'node:tls'
import type { Identity, IdentitySource } from '../../identity/identity.ts'
import { HANDSHAKE_TIMEOUT_MS, tlsOptionsOf } from '../../identity/tls-context.ts'
import { provenPeer } from '../../identity/tls-peer.ts'
import type { ServedPort } from '../../inbound/exchange.ts'
import type { OwnProbes } from '../../inbound/own-probes.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Logger } from '../../kernel/logger.ts'
import type { PolicySource } from '../../routing/policy-view.ts'
import { sniffFirstByte, TLS_HANDSHAKE } from './first-byte.ts'
import { type PortMode, portMode } from './mtls-mode.ts'
import { type Secured, securedBy } from './secured.ts'

export interface TlsGateDeps {
  readonly identity: IdentitySource
  readonly policy: PolicySource
  readonly ownProbes: OwnProbes
  readonly clock: Clock
  readonly logger: Logger
  /** How long a handshake may take. Default: {@link HANDSHAKE_TIMEOUT_MS}. */
  readonly handshakeTimeoutMs?: number
}

/** How the connections of a port begin. */
export interface GateRules {
  /** What is offered by ALPN; none where what is spoken is nobody's business. */
  readonly alpn: readonly string[]
  /** How long a connection may be silent before its first byte while plaintext is taken; 0: no limit. */
  readonly silenceMs: number
  /** `decides`: one that is silent for so long speaks plaintext, and waits for the server to speak first. */
  readonly silence: 'closes' | 'decides'
}

/** Who is told what came through. */
export interface GateOwner {
  plaintext(socket: Socket): void
  /** The handshake over `raw` has succeeded, and its other end is one of the mesh. */
  secured(socket: TLSSocket, secured: Secured, raw: Socket): void
  /** What the port takes is another. */
  modeChanged(mode: PortMode): void
  /** Connections with another generation should make room for new ones. */
  generationChanged(generation: number): void
}

/**
 * What stands before the listeners of a port and tells mutual TLS from plaintext by the first byte. The TLS server listens
 * nowhere: it makes handshakes over connections that were accepted elsewhere, and each certificate is set into it live.
 */
export class TlsGate {
  readonly #deps: TlsGateDeps
  readonly #served: ServedPort
  readonly #rules: GateRules
  readonly #owner: GateOwner
  /** Connections whose handshake is under way, by their ends. */
  readonly #raw = new Map<string, Socket>()
  readonly #stops: readonly (() => void)[]
  readonly #handshakeTimeoutMs: number
  #mode: PortMode
  #server: TlsServer | undefined
  #generation = -1
  #refused = false

  constructor(deps: TlsGateDeps, served: ServedPort, rules: GateRules, owner: GateOwner) {
    this.#deps = deps
    this.#served = served
    this.#rules = rules
    this.#owner = owner
    this.#handshakeTimeoutMs = deps.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS
    this.#mode = this.#modeNow()
    this.#tellIfShut()
    const changed = (): void => this.#changed()
    this.#stops = [deps.policy.onChange(changed), deps.identity.onChange(changed)]
    this.#certificateNow()
  }

  get mode(): PortMode {
    return this.#mode
  }

  /** False: nothing has to be known of it, it goes on as it is. Else its owner is told when more is known. */
  take(socket: Socket): boolean {
    if (this.#mode === 'DISABLE') return false
    const silenceMs = this.#mode === 'STRICT' ? this.#handshakeTimeoutMs : this.#rules.silenceMs
    const silence = this.#mode === 'STRICT' ? 'closes' : this.#rules.silence
    sniffFirstByte(socket, silenceMs, (first) => this.#decide(socket, first), silence)
    return true
  }

  close(): void {
    for (const stop of this.#stops) stop()
  }

  #decide(socket: Socket, first: number | undefined): void {
    if (socket.destroyed) return
    if (first === TLS_HANDSHAKE && this.#mode !== 'DISABLE') this.#handshake(socket)
    else if (this.#mode !== 'STRICT' || this.#deps.ownProbes.has(socket)) this.#owner.plaintext(socket)
    else this.#refuse(socket, 'it is plaintext, and the port takes mutual TLS only')
  }

  #handshake(socket: Socket): void {
    if (this.#server === undefined || this.#deps.identity.current === undefined) {
      this.#refuse(socket, 'this process has no certificate')
      return
    }
    const ends = endsOf(socket)
    this.#raw.set(ends, socket)
    socket.once('close', () => this.#raw.delete(ends))
    this.#server.emit('connection', socket)
  }

  #shaken(socket: TLSSocket): void {
    const ends = endsOf(socket)
    const raw = this.#raw.get(ends)
    const { identity, clock } = this.#deps
    const certificate = socket.getPeerX509Certificate()
    this.#raw.delete(ends)
    if (raw === undefined || certificate === undefined || identity.current === undefined) {
      socket.destroy()
      return
    }
    const peer = provenPeer(certificate, identity.current.trust)
    if (!peer.ok) {
      this.#refuse(socket, `its certificate is not taken: ${peer.error}`)
      return
    }
    // The application sees a request as if TLS were somebody else's, as behind a sidecar.
    Object.defineProperty(socket, 'encrypted', { value: false, configurable: true, writable: true })
    const times = { now: clock.now(), wallNow: clock.wallNow() }
    this.#owner.secured(socket, securedBy(socket, certificate, peer.value, identity.current, times), raw)
  }

  /** The first is told aloud, for whoever wonders why nobody comes through; the rest to whoever looks closer. */
  #refuse(socket: Socket, reason: string): void {
    const { logger } = this.#deps
    const level = this.#refused ? 'debug' : 'warn'
    this.#refused = true
    logger[level](`A connection is refused: ${reason}`, { port: this.#served.port, from: socket.remoteAddress })
    socket.destroy()
  }

  #modeNow(): PortMode {
    const { policy, identity } = this.#deps
    return portMode(policy.current.inbound, this.#served.port, identity.state)
  }

  #changed(): void {
    this.#certificateNow()
    const mode = this.#modeNow()
    if (mode === this.#mode) return
    this.#mode = mode
    this.#refused = false
    this.#tellIfShut()
    this.#owner.modeChanged(mode)
  }

  #tellIfShut(): void {
    if (this.#mode !== 'STRICT' || this.#deps.identity.state !== 'off') return
    this.#deps.logger.error(
      'Policy asks for mutual TLS (STRICT) and this process has no identity: it refuses everybody. Give createMesh a token (WEFT_TOKEN).',
      { port: this.#served.port },
    )
  }

  #certificateNow(): void {
    const { current } = this.#deps.identity
    if (current === undefined || current.generation === this.#generation) return
    this.#generation = current.generation
    if (this.#server === undefined) this.#server = this.#createServer(current)
    else this.#server.setSecureContext(tlsOptionsOf(current))
    this.#owner.generationChanged(current.generation)
  }

  #createServer(identity: Identity): TlsServer {
    const { alpn } = this.#rules
    const server = new TlsServer({
      ...tlsOptionsOf(identity),
      requestCert: true,
      rejectUnauthorized: true,
      handshakeTimeout: this.#handshakeTimeoutMs,
      ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
    })
    server.on('secureConnection', (socket) => this.#shaken(socket))
    server.on('tlsClientError', (error, socket) => {
      this.#refuse(socket, `the TLS handshake failed: ${error.message}`)
    })
    return server
  }
}

/** A connection is told from all others by its ends; Node does not tell which one a TLS socket was made over. */
function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
}
