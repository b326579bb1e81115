import { Client, type handleUnaryCall, Metadata, Server, type ServiceError, status } from '@grpc/grpc-js'
import type { Mesh } from '@weft/mesh-client'
import { type MeshGrpc, meshGrpc } from '@weft/mesh-client/grpc'
import { type Echo, REQUEST_ID } from './echo.ts'

/** What came of a call: the status of gRPC, the headers and trailers of the response, and what the server got where it answered. */
export interface GrpcAnswer {
  readonly code: number
  readonly headers: Readonly<Record<string, string>>
  readonly echo: Echo | undefined
}

/** The suite's echo application of gRPC: a server of grpc-js, and clients of it that call others through the mesh. */
export interface GrpcEcho {
  readonly arrived: readonly Echo[]
  /** Listens, and registers under this port. */
  serve(servicePort: number): Promise<void>
  call(host: string, path: string, headers: Readonly<Record<string, string>>): Promise<GrpcAnswer>
  close(): void
}

/** @param methods the paths of what it serves */
export function grpcEcho(mesh: Mesh, app: string, namespace: string, methods: readonly string[]): GrpcEcho {
  const grpc = meshGrpc(mesh)
  const arrived: Echo[] = []
  const clients = new Map<string, Client>()
  return {
    arrived,
    async serve(servicePort) {
      const server = new Server(grpc.serverOptions())
      for (const path of methods) register(server, path, (echo) => arrived.push(echo), { app, namespace })
      await grpc.serve(server, { host: '127.0.0.1', servicePort })
    },
    call(host, path, headers) {
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

function register(
  server: Server,
  path: string,
  seen: (echo: Echo) => void,
  who: Pick<Echo, 'app' | 'namespace'>,
): void {
  const answer: handleUnaryCall<object, object> = (called, reply) => {
    const headers = joined(called.metadata)
    const echo = { ...who, id: headers[REQUEST_ID] ?? '', path, rawQuery: '', host: called.getHost(), headers }
    seen(echo)
    reply(null, echo)
  }
  server.register(path, answer, encode, decode, 'unary')
}

/** Several values of one name are joined by a comma, as the suite does. */
function joined(metadata: Metadata): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata.toJSON()).map(([name, values]) => [name, values.join(',').replaceAll(', ', ',')]),
  )
}

function call(client: Client, path: string, headers: Readonly<Record<string, string>>): Promise<GrpcAnswer> {
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value)
  return new Promise((resolve) => {
    let received: Record<string, string> = {}
    const done = (error: ServiceError | null, value?: object): void => {
      const trailers = error === null ? {} : joined(error.metadata)
      resolve({
        code: error?.code ?? status.OK,
        headers: { ...received, ...trailers },
        echo: value as Echo | undefined,
      })
    }
    const made = client.makeUnaryRequest(path, encode, decode, {}, metadata, { deadline: Date.now() + 10_000 }, done)
    made.on('metadata', (head) => {
      received = joined(head)
    })
  })
}
