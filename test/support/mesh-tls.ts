import { request } from 'node:http'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import type { InboundPolicy, PeerAuthentication } from '@weft/mesh-protocol'
import type { Identity } from '../../packages/mesh-client/src/identity/identity.ts'

/** An inbound policy that says this of mutual TLS. */
export function mtlsPolicy(peerAuthentication: PeerAuthentication | undefined, version = '1'): InboundPolicy {
  const said = peerAuthentication === undefined ? {} : { peerAuthentication }
  return { type: 'InboundPolicy', name: 'inbound', version, services: [], ...said }
}

/** What a client of the mesh sets TLS to; whom it speaks to is not looked at. */
export function clientOptions({ certificateChain, privateKey, trust }: Identity): ConnectionOptions {
  return {
    cert: certificateChain,
    key: privateKey,
    ca: [...trust.certificates],
    servername: 'outbound_.80_._.self.default.svc.cluster.local',
    checkServerIdentity: () => undefined,
  }
}

/** Rejects where the handshake fails as far as this side sees. */
export function dialTls(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port, host: '127.0.0.1', ...options }, () => resolve(socket))
    socket.on('error', reject)
  })
}

export function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => resolve(socket))
    socket.on('error', reject)
  })
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** One request over a socket that stays open. */
export function ask(
  socket: Socket,
  options: { path?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { path = '/', headers = {} } = options
    const all = { host: 'self', connection: 'keep-alive', ...headers }
    const asked = request({ path, headers: all, createConnection: () => socket })
    asked.on('error', reject)
    asked.on('response', (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        body += chunk
      })
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    asked.end()
  })
}

export function dialHttp2(socket: Socket): ClientHttp2Session {
  const session = connectHttp2('http://self', { createConnection: () => socket })
  session.on('error', () => undefined)
  return session
}

export function askHttp2(session: ClientHttp2Session, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': '/', ...headers })
    let body = ''
    let head: Record<string, string | string[] | undefined> = {}
    stream.setEncoding('utf8')
    stream.on('response', (received) => {
      head = { ...received } as typeof head
    })
    stream.on('data', (chunk: string) => {
      body += chunk
    })
    stream.on('error', reject)
    stream.on('end', () => resolve({ status: Number(head[':status']), headers: head, body }))
    stream.end()
  })
}
