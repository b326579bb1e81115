import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants } from 'node:http2'
import { createServer, type Server } from 'node:https'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import type { Seen } from './scenario-outcome.ts'

/** One instance of a service of the world. */
export interface InstanceOf {
  readonly service: string
  readonly version: string
  readonly namespace?: string
  readonly locality?: string
  readonly protocol?: 'tcp' | 'http2'
}

/** What every page has; `pay` besides, which speaks TLS and is not of the mesh. */
export const WORLD: readonly InstanceOf[] = [
  { service: 'reviews', version: 'v1' },
  { service: 'reviews', version: 'v2' },
  { service: 'reviews', version: 'v3' },
  { service: 'ratings', version: 'v1' },
  { service: 'details', version: 'v1', namespace: 'other' },
  { service: 'modern', version: 'v1', protocol: 'http2' },
  { service: 'echo', version: 'v1', protocol: 'tcp' },
  { service: 'echo', version: 'v2', protocol: 'tcp' },
  { service: 'regional', version: 'v1', locality: 'east/e1' },
  { service: 'regional', version: 'v2', locality: 'east/e2' },
  { service: 'regional', version: 'v3', locality: 'west/w1' },
]

export const TCP_PORT = 9000

const CERTIFICATES = fileURLToPath(new URL('../fixtures/tls', import.meta.url))

/** Puts the folder of the certificates in place of the one that the pages name. */
export function withCertificates<T>(value: T): T {
  return JSON.parse(JSON.stringify(value).replaceAll('/etc/certs', CERTIFICATES)) as T
}

/** What has happened in the world during a row. */
export class Record {
  readonly arrived = new Map<string, Seen[]>()
  /** Tries of each request, by its id. */
  readonly tries = new Map<string, number>()
  readonly #connections = new WeakMap<object, number>()
  #nextConnection = 0

  add(seen: Seen): void {
    const who = `${seen.service} ${seen.version}`
    const all = this.arrived.get(who)
    if (all === undefined) this.arrived.set(who, [seen])
    else all.push(seen)
  }

  connectionOf(socket: object): number {
    const number = this.#connections.get(socket) ?? this.#nextConnection++
    this.#connections.set(socket, number)
    return number
  }
}

interface Http2Request {
  readonly stream?: { readonly session?: object; close(code: number): void }
}

type Headers = IncomingMessage['headers']

/**
 * Answers with what it has seen. Headers of the request say how: `answer-status` (or `reset`; over HTTP/2 `refuse`), `answer-delay-ms`,
 * `answer-header` (`name=value`); `only-at` has them hold at one version alone, `fail-first` for so many tries of a request.
 */
export class Echo {
  readonly #instance: InstanceOf
  readonly #record: Record

  constructor(instance: InstanceOf, record: Record) {
    this.#instance = instance
    this.#record = record
  }

  readonly answer = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const seen = this.#see(request, Buffer.concat(chunks).toString())
      this.#record.add(seen)
      const how = this.#isTold(request.headers) ? request.headers : {}
      setTimeout(() => respond(request, response, seen, how), Number(how['answer-delay-ms'] ?? 0))
    })
  }

  readonly serve = (socket: Socket): void => {
    const { service, version } = this.#instance
    const connection = this.#record.connectionOf(socket)
    const nothing = { method: 'CONNECT', path: '', headers: {}, body: '', protocol: 'tcp', sni: '', client: '' }
    const seen = { service, version, connection, ...nothing }
    this.#record.add(seen)
    socket.on('error', () => undefined)
    socket.on('end', () => socket.end(JSON.stringify(seen)))
    socket.resume()
  }

  #see(request: IncomingMessage, body: string): Seen {
    const { service, version } = this.#instance
    const { method = '', url = '', headers, httpVersion } = request
    const connection = this.#record.connectionOf((request as Http2Request).stream?.session ?? request.socket)
    const tls = request.socket as Partial<TLSSocket>
    const client = tls.getPeerCertificate?.()?.subject?.CN
    return {
      service,
      version,
      method,
      path: url,
      headers: headers as Seen['headers'],
      body,
      protocol: httpVersion,
      connection,
      sni: String(tls.servername || ''),
      client: String(client ?? ''),
    }
  }

  #isTold(headers: Headers): boolean {
    if (headers['only-at'] !== undefined && headers['only-at'] !== this.#instance.version) return false
    const failFirst = headers['fail-first']
    if (failFirst === undefined) return true
    const id = String(headers['x-request-id'])
    const tries = (this.#record.tries.get(id) ?? 0) + 1
    this.#record.tries.set(id, tries)
    return tries <= Number(failFirst)
  }
}

function respond(request: IncomingMessage, response: ServerResponse, seen: Seen, how: Headers): void {
  if (how['answer-status'] === 'reset') {
    request.socket.destroy()
    return
  }
  if (how['answer-status'] === 'refuse') {
    ;(request as Http2Request).stream?.close(constants.NGHTTP2_REFUSED_STREAM)
    return
  }
  const [, name = '', value = ''] = /^([^=]+)=(.*)$/.exec(String(how['answer-header'] ?? '')) ?? []
  response.statusCode = Number(how['answer-status'] ?? 200)
  response.setHeader('x-instance', `${seen.service} ${seen.version}`)
  if (name !== '') response.setHeader(name, value)
  response.end(JSON.stringify(seen))
}

/** A server that only speaks TLS, and takes a client's certificate where there is one. */
export async function startTlsServer(instance: InstanceOf, record: Record): Promise<Server> {
  const file = (name: string): Buffer => readFileSync(`${CERTIFICATES}/${name}`)
  const tls = { key: file('server.key'), cert: file('server.pem'), ca: file('ca.pem') }
  const server = createServer(
    { ...tls, requestCert: true, rejectUnauthorized: false },
    new Echo(instance, record).answer,
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

/** As it is registered by hand. */
export function registrationOf({ service, version }: InstanceOf, listenPort: number): object {
  return {
    service,
    namespace: 'default',
    address: '127.0.0.1',
    ports: [{ name: 'http', servicePort: 80, port: 80, listenPort, protocol: 'http' }],
    labels: { app: service, version },
    serviceAccount: 'default',
    locality: '',
    weight: 1,
  }
}
