import { Server, ServerCredentials, type ServerErrorResponse } from '@grpc/grpc-js'
import { call } from '../control-server.ts'
import { registration } from '../test-model.ts'
import { bindLoopback } from './bind-loopback.ts'
import { type GreeterServer, GreeterService } from './gen/greeter.ts'

/** A server of grpc-js that knows of no mesh. */
export interface BareGreeter extends AsyncDisposable {
  readonly server: Server
  readonly port: number
  /** Ports of the clients that have connected. */
  readonly connections: ReadonlySet<string>
  /** Metadata of the calls that came, as their headers. */
  readonly calls: readonly Readonly<Record<string, unknown>>[]
  /** How many chats their callers have ended before the end. */
  readonly cancelled: number
}

export interface GreeterBehaviour {
  /** Default: plaintext. */
  readonly credentials?: ServerCredentials
  /** Answered instead, where it gives something. */
  readonly fail?: (call: { readonly name: string; readonly calls: number }) => Partial<ServerErrorResponse> | undefined
}

/** Listens on loopback; says `<name> greets <who>`. */
export async function startBareGreeter(
  name: string,
  { fail, credentials = ServerCredentials.createInsecure() }: GreeterBehaviour = {},
): Promise<BareGreeter> {
  const connections = new Set<string>()
  const calls: Record<string, unknown>[] = []
  const seen = (asked: { getPeer(): string; metadata: { getMap(): Record<string, unknown> } }): void => {
    connections.add(asked.getPeer())
    calls.push(asked.metadata.getMap())
  }
  let cancelled = 0
  const server = new Server()
  const implementation: GreeterServer = {
    hello(call, reply) {
      seen(call)
      const failure = fail?.({ name: call.request.name, calls: calls.length })
      if (failure !== undefined) reply(failure as ServerErrorResponse)
      else reply(null, { text: `${name} greets ${call.request.name}` })
    },
    collect(call, reply) {
      seen(call)
      const names: string[] = []
      call.on('data', (request) => names.push(request.name))
      call.on('end', () => reply(null, { text: `${name} greets ${names.join(' and ')}` }))
    },
    count(call) {
      seen(call)
      for (let index = 1; index <= 3; index++) call.write({ text: `${name} greets ${call.request.name} ${index}` })
      call.end()
    },
    chat(call) {
      seen(call)
      call.on('cancelled', () => void cancelled++)
      call.on('data', (request) => call.write({ text: `${name} greets ${request.name}` }))
      call.on('end', () => call.end())
    },
  }
  server.addService(GreeterService, implementation)
  const port = await bindLoopback(server, { credentials })
  return {
    server,
    port,
    connections,
    calls,
    get cancelled() {
      return cancelled
    },
    async [Symbol.asyncDispose]() {
      server.forceShutdown()
    },
  }
}

/** How often a registration is renewed, well within its lease. */
const RENEW_MS = 4_000

/** Registers a bare server as an instance of a service, whose port is one of gRPC, for as long as nobody deletes it. */
export async function registerGreeter(
  control: string,
  service: string,
  port: number,
  id = `${service}-${port}`,
): Promise<void> {
  const ports = [{ name: 'grpc', servicePort: 50_051, port: 50_051, listenPort: port, protocol: 'grpc' }]
  const url = `${control}/v1/workloads/${id}`
  const { status, body } = await call(url, 'PUT', registration({ service, ports }))
  if (status !== 200) throw new Error(`refused: ${JSON.stringify(body)}`)
  const renewing = setInterval(async () => {
    const renewed = await call(`${url}/renew`, 'POST').catch(() => undefined)
    if (renewed?.status !== 200) clearInterval(renewing)
  }, RENEW_MS)
  renewing.unref()
}
