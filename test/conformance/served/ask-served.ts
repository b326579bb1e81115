import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Mesh } from '../../../packages/mesh-client/src/mesh/types.ts'
import type { AuthorizationRequest } from '../authorization-row.ts'

/** What the application answers, so that nobody else's 200 passes for its own. */
export const SEEN = 'the application has seen it'

/** What a provider says that denies. */
export const PROVIDER_DENIES = 'the provider says no'

/** Of the mesh, and of the provider. */
export const DENIALS: readonly string[] = ['RBAC: access denied', PROVIDER_DENIES]

/** A workload that listens. */
export interface Served {
  /** Where the mesh calls it. */
  readonly host: string
  /** Service port to the port that is listened on. */
  readonly bound: ReadonlyMap<number, number>
}

/** Sends a request as a client of the mesh does or, without one, in plaintext; tells whether the application has seen it. */
export async function askHttp(
  served: Served,
  asked: AuthorizationRequest,
  caller: Mesh | undefined,
  token: string | undefined,
): Promise<'allow' | 'deny'> {
  const { host = served.host, headers = {} } = asked
  const sent = { host, ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) }
  const [status, body] = await (caller === undefined
    ? inPlaintext(served, asked, sent)
    : overMesh(caller, served, asked, sent))
  if (status === 200 && body === SEEN) return 'allow'
  if (status === 403 && DENIALS.includes(body)) return 'deny'
  throw new Error(`was neither taken nor denied: ${status} ${body}`)
}

type Answer = readonly [status: number, body: string]

async function overMesh(
  caller: Mesh,
  { host }: Served,
  { port, path = '/', method = 'GET' }: AuthorizationRequest,
  headers: Record<string, string>,
): Promise<Answer> {
  const answer = await caller.request(`http://${host}:${port}${path}`, { method, headers })
  return [answer.statusCode, await answer.body.text()]
}

function inPlaintext(
  { bound }: Served,
  { port, path = '/', method = 'GET' }: AuthorizationRequest,
  headers: Record<string, string>,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const to = { host: '127.0.0.1', port: bound.get(port), path, method, headers, agent: false }
    const sent = request(to, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => resolve([response.statusCode ?? 0, Buffer.concat(chunks).toString()]))
    })
    sent.on('error', reject)
    sent.end()
  })
}

/** Opens a connection and says something; an answer is the application's, an end without one a denial. */
export function askTcp(served: Served, port: number, caller: Mesh | undefined): Promise<'allow' | 'deny'> {
  const socket: Socket =
    caller === undefined
      ? connect(served.bound.get(port) as number, '127.0.0.1')
      : caller.connect({ host: served.host, port })
  return new Promise((resolve, reject) => {
    let heard = ''
    socket.on('data', (chunk) => {
      heard += String(chunk)
    })
    // Whoever denies may also reset the connection.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
    socket.on('close', () => {
      if (heard !== '' && heard !== SEEN) reject(new Error(`somebody else has answered: ${heard}`))
      else resolve(heard === SEEN ? 'allow' : 'deny')
    })
    socket.write('who is there?')
  })
}
