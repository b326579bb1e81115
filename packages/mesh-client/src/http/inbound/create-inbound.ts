import type { Http2Server } from 'node:http2'
import type { AddressInfo, Server as NetServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { type CloseOptions, Drain } from '../../inbound/drain.ts'
import { policySteps } from '../../inbound/policy-steps.ts'
import { notPropagated, propagation } from '../../inbound/propagation.ts'
import { resolveAddress } from '../../inbound/resolve-address.ts'
import { telemetryStep } from '../../inbound/telemetry-step.ts'
import { MeshError } from '../../kernel/errors.ts'
import { MessageMeter } from '../../kernel/message-meter.ts'
import type { RpcMethods } from '../../kernel/tracing.ts'
import type { ExchangeHost } from './exchange-base.ts'
import { createForwardClientCert } from './forwarded-client-cert.ts'
import type { InboundDeps } from './inbound-deps.ts'
import { listen } from './listen.ts'
import { type Listener, serverOf } from './listener.ts'
import type { MeshServer, ServeOptions } from './mesh-server.ts'
import { meshServer, type OpenPort, type PortOptions } from './open-port.ts'
import { isHttp2Server } from './protocol-switch.ts'
import { resolveServeOptions } from './serve-options.ts'
import type { RequestServer, Served, SocketListener } from './served.ts'
import { ServedServer } from './served-server.ts'
import { socketServerOf } from './socket-listener.ts'
import { createStripHeaders } from './strip-headers.ts'

/** What the edge of gRPC knows of a server, and wants to know. */
export interface GrpcHooks {
  readonly methods: RpcMethods
  /** Told once, when the port begins to be taken out of service. */
  readonly closing: () => void
}

/** The servers of one mesh. */
export interface Inbound {
  /** False as soon as any server, or all, are being closed. */
  readonly ready: boolean
  /**
   * Resolves when the server listens.
   * @throws MeshError `WEFT_CONFIG` for options or a listener that cannot be served, `WEFT_CLOSED` after `close()`; the
   *   server's own error where it cannot listen, e.g. EADDRINUSE.
   */
  serve(listener: Listener | SocketListener | NetServer, options?: ServeOptions): Promise<MeshServer<NetServer>>
  /**
   * Serves a server whose listeners of `stream` are one of gRPC, with what {@link serve} does and says.
   * @param hooks asked and told of the server
   */
  serveGrpc(
    server: Http2Server,
    options?: Omit<ServeOptions, 'protocol' | 'serverFirst'>,
    hooks?: GrpcHooks,
  ): Promise<MeshServer<NetServer>>
  /** Drains all servers at once. Idempotent; never rejects. */
  close(options?: CloseOptions): Promise<void>
}

/** Servers behind the mesh: they register, are measured and traced, hand context on, and drain. */
export function createInbound(deps: InboundDeps): Inbound {
  for (const name of notPropagated(deps.propagate)) {
    deps.logger.warn(`The header ${name} belongs to one message and is not propagated: take it out of propagate.`)
  }
  return new MeshInbound(deps)
}

class MeshInbound implements Inbound {
  readonly #deps: InboundDeps
  readonly #open = new Set<OpenPort>()
  readonly #shared: Pick<
    ExchangeHost,
    'clock' | 'store' | 'propagation' | 'stripHeaders' | 'forwardClientCert' | 'steps' | 'meter'
  >
  #closing: Promise<void> | undefined

  constructor(deps: InboundDeps) {
    this.#deps = deps
    this.#shared = {
      clock: deps.clock,
      store: deps.context,
      propagation: propagation(deps.propagate),
      stripHeaders: createStripHeaders(),
      forwardClientCert: createForwardClientCert(),
      steps: policySteps(deps),
      meter: new MessageMeter(deps.timers),
    }
  }

  get ready(): boolean {
    return this.#closing === undefined && [...this.#open].every(({ drain }) => drain?.started !== true)
  }

  serve(listener: Listener | SocketListener | NetServer, options: ServeOptions = {}): Promise<MeshServer<NetServer>> {
    return this.#serve(options, {}, async ({ protocol }) =>
      protocol === 'tcp' ? socketServerOf(listener) : serverOf(listener as Listener, protocol as 'http' | 'http2'),
    )
  }

  serveGrpc(
    server: Http2Server,
    options: Omit<ServeOptions, 'protocol' | 'serverFirst'> = {},
    hooks?: GrpcHooks,
  ): Promise<MeshServer<NetServer>> {
    return this.#serve(options, { protocol: 'grpc', hooks }, async () => server)
  }

  async #serve(
    options: ServeOptions,
    { protocol: fixed, hooks }: { readonly protocol?: 'grpc'; readonly hooks?: GrpcHooks | undefined },
    find: (options: PortOptions) => Promise<NetServer>,
  ): Promise<MeshServer<NetServer>> {
    this.#refuseWhenClosed()
    const servicePortsTaken = this.#staying().map(({ options: { servicePort } }) => servicePort)
    const place = { defaultServicePort: this.#deps.servicePort, servicePortsTaken }
    const resolved = resolveServeOptions(options, place)
    const port: OpenPort = {
      options: fixed === undefined ? resolved : { ...resolved, protocol: fixed },
      server: undefined,
      drain: undefined,
    }
    this.#open.add(port)
    try {
      const server = await find(port.options)
      if ([...this.#open].some((other) => other.server === server)) {
        throw new MeshError('WEFT_CONFIG', 'This server is served by this mesh already.')
      }
      port.server = server
      if (port.options.protocol === 'http' && isHttp2Server(server))
        port.options = { ...port.options, protocol: 'http2' }
      return await this.#start(port, server, this.#behind(port.options, server, hooks))
    } catch (error) {
      this.#open.delete(port)
      throw error
    }
  }

  close(options: CloseOptions = {}): Promise<void> {
    const drains = [...this.#open].map(({ drain }) => drain?.close(options))
    this.#closing ??= Promise.all(drains).then(() => undefined)
    return this.#closing
  }

  #behind(
    { servicePort, protocol, cancelOnDisconnect, serverFirst }: PortOptions,
    server: NetServer,
    hooks: GrpcHooks | undefined,
  ): Served {
    const served = { servicePort, port: servicePort }
    if (protocol === 'tcp') return this.#deps.serveSockets(server, { served, serverFirst })
    return new ServedServer(
      server as RequestServer,
      protocol,
      {
        ...this.#shared,
        bindsCalls: cancelOnDisconnect,
        served,
        telemetry: telemetryStep(this.#deps, served),
        methods: hooks?.methods,
      },
      { ...this.#deps, closing: hooks?.closing },
    )
  }

  async #start(port: OpenPort, server: NetServer, behind: Served): Promise<MeshServer<NetServer>> {
    try {
      const bound = await listen(server, port.options)
      if (this.#closing !== undefined) {
        server.close()
        this.#refuseWhenClosed()
      }
      return this.#register(port, behind, bound)
    } catch (error) {
      behind.undo()
      throw error
    }
  }

  #register(port: OpenPort, behind: Served, bound: AddressInfo): MeshServer<NetServer> {
    const { servicePort, protocol } = port.options
    const others = this.#staying().filter((other) => other.drain !== undefined)
    const registration = this.#deps.register({
      address: resolveAddress(bound.address, networkInterfaces(), this.#deps.address),
      ports: [
        {
          name: others.length === 0 ? protocol : `${protocol}-${servicePort}`,
          servicePort,
          port: servicePort,
          listenPort: bound.port,
          protocol,
        },
      ],
    })
    const drain = new Drain(behind, registration, this.#deps)
    port.drain = drain
    void behind.closed.then(async () => {
      // Closed by the drain, or by the application itself: then what is left is to deregister.
      await drain.close({ timeoutMs: 0 })
      this.#open.delete(port)
    })
    return meshServer(behind.server, bound, drain)
  }

  /** Ports that are not being closed. */
  #staying(): OpenPort[] {
    return [...this.#open].filter(({ drain }) => drain?.started !== true)
  }

  #refuseWhenClosed(): void {
    if (this.#closing !== undefined) throw new MeshError('WEFT_CLOSED', 'The mesh is closed and serves no more.')
  }
}
