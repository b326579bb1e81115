import { Client, credentials, Metadata, Server, type ServiceError } from '@grpc/grpc-js'
import type { Mesh } from '@weft/mesh-client'
import { meshGrpc } from '@weft/mesh-client/grpc'
import type { AuthorizationRequest } from '../authorization-row.ts'
import { DENIALS, SEEN, type Served } from './ask-served.ts'

const bytes = (text: Buffer): Buffer => text
const PERMISSION_DENIED = 7

/** A server of grpc-js that has these methods, and answers that it has seen them. */
export function greetingServer(mesh: Mesh, paths: readonly string[]): Server {
  const server = new Server(meshGrpc(mesh).serverOptions())
  for (const path of paths) {
    const answer = (_call: unknown, reply: (error: null, message: Buffer) => void): void =>
      reply(null, Buffer.from(SEEN))
    server.register(path, answer, bytes, bytes, 'unary')
  }
  return server
}

/** Calls as a client of the mesh does or, without one, as a client of grpc-js in plaintext. */
export async function askGrpc(
  { host: served, bound }: Served,
  asked: AuthorizationRequest,
  caller: Mesh | undefined,
  token: string | undefined,
): Promise<'allow' | 'deny'> {
  const { host = served, headers = {}, port, path = '/' } = asked
  const client = caller === undefined ? bareClient(bound.get(port)) : meshClient(caller, `${served}:${port}`)
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value)
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`)
  try {
    const [code, text] = await new Promise<readonly [number, string]>((resolve) => {
      const options = { host, deadline: Date.now() + 10_000 }
      const told = (error: ServiceError | null, message?: Buffer): void =>
        resolve(error === null ? [0, String(message)] : [error.code, error.details])
      client.makeUnaryRequest(path, bytes, bytes, Buffer.from('who is there?'), metadata, options, told)
    })
    if (code === 0 && text === SEEN) return 'allow'
    if (code === PERMISSION_DENIED && DENIALS.includes(text)) return 'deny'
    throw new Error(`was neither taken nor denied: ${code} ${text}`)
  } finally {
    client.close()
  }
}

function meshClient(mesh: Mesh, target: string): Client {
  const grpc = meshGrpc(mesh)
  return new Client(`weft:///${target}`, grpc.credentials(), grpc.channelOptions())
}

const bareClient = (port: number | undefined): Client =>
  new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 })
