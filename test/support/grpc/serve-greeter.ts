import type { Server as NetServer } from 'node:net'
import grpcJs, { credentials, type Metadata, Server, type ServerOptions, type StatusObject } from '@grpc/grpc-js'
import type { GrpcServeOptions } from '../../../packages/mesh-client/src/grpc/edges.ts'
import { serveGrpc } from '../../../packages/mesh-client/src/grpc/server/serve-grpc.ts'
import { ServingStatuses } from '../../../packages/mesh-client/src/grpc/server/serving-statuses.ts'
import type { MeshServer } from '../../../packages/mesh-client/src/http/inbound/mesh-server.ts'
import type { MeshInternals } from '../../../packages/mesh-client/src/mesh/internals.ts'
import type { InboundHarness } from '../inbound.ts'
import { GreeterClient, type GreeterServer, GreeterService } from './gen/greeter.ts'

/** A Server of grpc-js behind the inbound side of a mesh. */
export interface ServedGreeter {
  readonly server: Server
  readonly served: MeshServer<NetServer>
  readonly statuses: ServingStatuses
  readonly address: string
}

/** By name, so that each can be another. */
export type GreeterMethods = Pick<GreeterServer, 'hello' | 'collect' | 'count' | 'chat'>

/** Greets in all four ways. */
export const greeter: GreeterMethods = {
  hello: (call, reply) => reply(null, { text: `hello ${call.request.name}` }),
  collect(call, reply) {
    const names: string[] = []
    call.on('data', (request) => names.push(request.name))
    call.on('end', () => reply(null, { text: `hello ${names.join(' and ')}` }))
  },
  count(call) {
    for (let index = 1; index <= 3; index++) call.write({ text: `hello ${call.request.name} ${index}` })
    call.end()
  },
  chat(call) {
    call.on('data', (request) => call.write({ text: `hello ${request.name}` }))
    call.on('end', () => call.end())
  },
}

export interface ServeGreeter {
  readonly implementation?: Partial<GreeterMethods>
  readonly options?: ServerOptions
  readonly serve?: GrpcServeOptions
  /** Before it is served. */
  readonly prepare?: (server: Server) => void
}

export async function serveGreeter(
  { inbound, warnings }: InboundHarness,
  { implementation, options, serve, prepare }: ServeGreeter = {},
): Promise<ServedGreeter> {
  const server = new Server(options)
  server.addService(GreeterService, { ...greeter, ...implementation })
  prepare?.(server)
  const statuses = new ServingStatuses()
  const logger = { warn: (text: string) => void warnings.push(text) }
  const internals = { inbound, serving: <T>(opening: Promise<T>) => opening, logger } as unknown as MeshInternals
  const served = await serveGrpc(
    { grpc: grpcJs, internals, statuses },
    server,
    { host: '127.0.0.1', ...serve },
    () => undefined,
  )
  return { server, served, statuses, address: `127.0.0.1:${served.port}` }
}

/** A client of grpc-js that knows of no mesh. */
export function bareClient(address: string): GreeterClient & Disposable {
  const client = new GreeterClient(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 })
  return Object.assign(client, { [Symbol.dispose]: () => client.close() })
}

/** What a unary call comes to. */
export function hello(
  client: GreeterClient,
  name: string,
  metadata: Metadata = new grpcJs.Metadata(),
  timeoutMs = 5_000,
): Promise<{ readonly text: string | undefined; readonly code: number; readonly details: string }> {
  return new Promise((resolve) => {
    client.hello({ name }, metadata, { deadline: Date.now() + timeoutMs }, (error, reply) => {
      const { code = 0, details = '' } = (error ?? {}) as Partial<StatusObject>
      resolve({ text: reply?.text, code, details })
    })
  })
}
