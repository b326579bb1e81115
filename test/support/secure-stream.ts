import type { ClientRequest, IncomingMessage } from 'node:http'
import { request } from 'node:https'

export interface SecureStream {
  readonly status: number
  /** The event `hello`. */
  readonly hello: Promise<{ readonly streamId: string }>
  /** Resolves when the connection has ended. */
  readonly ended: Promise<void>
  close(): void
}

export const nodeOf = (given: object = {}): object => ({
  id: `node-${Math.random().toString(36).slice(2)}`,
  service: 'reviews',
  namespace: 'default',
  serviceAccount: 'default',
  labels: {},
  locality: { region: '', zone: '', subZone: '' },
  servicePorts: [],
  clientVersion: 'test',
  features: [],
  ...given,
})

/** Opens a stream of policy on a secure server. */
export function openStream(url: string, ca: string, token: string, node: object): Promise<SecureStream> {
  return new Promise((resolve, reject) => {
    const query = encodeURIComponent(JSON.stringify(node))
    const sent: ClientRequest = request(
      `${url}/v1/stream?node=${query}`,
      { ca, checkServerIdentity: () => undefined, agent: false, headers: { authorization: `Bearer ${token}` } },
      (response) => resolve(streamOf(response, () => sent.destroy())),
    )
    sent.on('error', reject)
    sent.end()
  })
}

function streamOf(response: IncomingMessage, close: () => void): SecureStream {
  let text = ''
  const hello = new Promise<{ streamId: string }>((resolve) => {
    response.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const [, data] = /event: ?hello\ndata: ?(.*)\n/.exec(text) ?? []
      if (data !== undefined) resolve(JSON.parse(data))
    })
  })
  const ended = new Promise<void>((resolve) => response.on('close', () => resolve()))
  response.on('error', () => undefined)
  return { status: response.statusCode ?? 0, hello, ended, close }
}
