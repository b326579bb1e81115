import { Client, type handleUnaryCall, Metadata, Server, type ServiceError, status } from '@grpc/grpc-js'
import type { Mesh } from '@weft/mesh-client'
import { type MeshGrpc, meshGrpc } from '@weft/mesh-client/grpc'

/** What arrived at an echo server, which is also what it answers. */
export interface EchoedCall {
  readonly app: string
  readonly namespace: string
  /** Of the metadata, as the caller said. */
  readonly id: string
  readonly path: string
  readonly rawQuery: string
  readonly host: string
  /** Lower-case names; several of one name are joined by a comma. */
  readonly headers: Readonly<Record<string, string>>
}

/** What came of a call: the status of gRPC, the headers and trailers of the response, and what the server got where it answered. */
export interface EchoAnswer {
  readonly code: number
  readonly details: string
  readonly headers: Readonly<Record<string, string>>
  readonly echo: EchoedCall | undefined
}

export interface EchoOptions {
  readonly app: string
  readonly namespace?: string
  /** Paths of what it serves. */
  readonly methods: readonly string[]
  /** The key of the metadata that names a call. */
  readonly idKey?: string
  /** A status to fail with, after what it does. */
  readonly fail?: (call: EchoedCall) => number | undefined
  readonly delayMs?: (call: EchoedCall) => number
}

/** An application that serves by grpc-js and calls others through the mesh. */
export interface GrpcEcho {
  readonly arrived: readonly EchoedCall[]
  /** Listens, and registers under this port. */
  serve(servicePort: number): Promise<void>
  /** @param host with or without a port */
  call(host: string, path: string, headers?: Readonly<Record<string, string>>): Promise<EchoAnswer>
  close(): void
}

export function grpcEcho(mesh: Mesh, options: EchoOptions): GrpcEcho {
  const grpc = meshGrpc(mesh)
  const arrived: EchoedCall[] = []
  const clients = new Map<string, Client>()
  return {
    arrived,
    async serve(servicePort) {
      const server = new Server(grpc.serverOptions())
      for (const path of options.methods) {
        const answer = handler(path, options, (echo) => arrived.push(echo))
        server.register(path, answer, encode, decode, 'unary')
      }
      await grpc.serve(server, { host: '127.0.0.1', servicePort })
    },
    call(host, path, headers = {}) {
      const client = clients.get(host) ?? clientOf(grpc, host)
      clients.set(host, client)
      return call(client, path, headers)
    },
    close() {
      for (const client of clients.values()) client.close()
    },
  }
}

const clientOf = (grpc: MeshGrpc, host: string): Client =>
  new Client(`weft:///${host}`, grpc.credentials(), grpc.channelOptions())

/** Messages are JSON. */
const encode = (value: object): Buffer => Buffer.from(JSON.stringify(value))
const decode = (bytes: Buffer): object => JSON.parse(bytes.toString()) as object

function handler(
  path: string,
  { app, namespace = 'default', idKey = 'x-id', fail, delayMs }: EchoOptions,
  seen: (echo: EchoedCall) => void,
): handleUnaryCall<object, object> {
  return (called, reply) => {
    const headers = joined(called.metadata)
    const echo = { app, namespace, id: headers[idKey] ?? '', path, rawQuery: '', host: called.getHost(), headers }
    seen(echo)
    const answer = (): void => {
      const code = fail?.(echo)
      if (code === undefined) reply(null, echo)
      else reply({ code, details: `${app} fails` })
    }
    const ms = delayMs?.(echo) ?? 0
    if (ms > 0) setTimeout(answer, ms)
    else answer()
  }
}

/** Several values of one name are joined by a comma. */
function joined(metadata: Metadata): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata.toJSON()).map(([name, values]) => [name, values.join(',').replaceAll(', ', ',')]),
  )
}

function call(client: Client, path: string, headers: Readonly<Record<string, string>>): Promise<EchoAnswer> {
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value)
  return new Promise((resolve) => {
    let received: Record<string, string> = {}
    const done = (error: ServiceError | null, value?: object): void => {
      const trailers = error === null ? {} : joined(error.metadata)
      resolve({
        code: error?.code ?? status.OK,
        details: error?.details ?? '',
        headers: { ...received, ...trailers },
        echo: value as EchoedCall | undefined,
      })
    }
    const made = client.makeUnaryRequest(path, encode, decode, {}, metadata, { deadline: Date.now() + 10_000 }, done)
    made.on('metadata', (head) => {
      received = joined(head)
    })
  })
}
