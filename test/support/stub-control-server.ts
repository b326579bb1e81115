import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { ClientMessage, Node, WorkloadRegistration } from '@weft/mesh-protocol'
import type { CertificateStub } from './certificate-stub.ts'
import { poll } from './poll.ts'

/** Who has asked, as far as it was shown. */
export interface StubCaller {
  /** `METHOD path`. */
  readonly request: string
  readonly token: string | undefined
  /** Subject alternative name of the client's certificate. */
  readonly certificate: string | undefined
}

/** One stream that a client has opened. */
export interface StubStream {
  readonly id: string
  readonly node: Node
  readonly headers: IncomingMessage['headers']
  /** What the client has said on it. */
  readonly messages: ClientMessage[]
  event(name: string, data: unknown, id?: string): void
  /** Anything at all. */
  raw(text: string): void
  /** Cuts the connection. */
  cut(): void
}

/** A control server that says what a test wants it to say, to see what a client makes of it. */
export interface StubControlServer extends AsyncDisposable {
  readonly url: string
  readonly streams: StubStream[]
  readonly registrations: Map<string, WorkloadRegistration>
  /** Every request but messages, as `METHOD path`. */
  readonly requests: string[]
  /** The same with who asked. */
  readonly callers: StubCaller[]
  /** Answers a stream, a message or a workload request with this status instead. */
  readonly answers: { stream?: number | undefined; message?: number | undefined; workload?: number | undefined }
  heartbeatMs: number
  /** The n-th stream, from 1, once it has sent its first message. */
  started(count: number): Promise<StubStream>
}

/** `tls`: served over TLS. `certificates`: what answers requests for certificates, else 404. */
export async function startStub(
  port = 0,
  more: { readonly tls?: ServerOptions; readonly certificates?: CertificateStub } = {},
): Promise<StubControlServer> {
  const streams: StubStream[] = []
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    void handle(stub, request, response, more.certificates)
  }
  const server = more.tls === undefined ? createServer(listener) : createSecureServer(more.tls, listener)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const stub: StubControlServer = {
    url: `${more.tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    streams,
    registrations: new Map(),
    requests: [],
    callers: [],
    answers: {},
    heartbeatMs: 5_000,
    started: (count) =>
      poll(() => (streams[count - 1]?.messages.length ?? 0) > 0 && streams[count - 1], `stream ${count}`),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return stub
}

async function handle(
  stub: StubControlServer,
  request: IncomingMessage,
  response: ServerResponse,
  certificates: CertificateStub | undefined,
): Promise<void> {
  const url = new URL(request.url ?? '/', stub.url)
  const [, , kind, id = ''] = url.pathname.split('/')
  const { answers } = stub
  const refuse = (status: number): unknown =>
    response.writeHead(status).end(JSON.stringify({ message: `stub says ${status}` }))
  if (kind === 'streams') {
    const stream = stub.streams.find((candidate) => candidate.id === id)
    const message = JSON.parse(await bodyOf(request)) as ClientMessage
    if (answers.message !== undefined || stream === undefined) return void refuse(answers.message ?? 404)
    stream.messages.push(message)
    response.end('{}')
    return
  }
  stub.requests.push(`${request.method} ${url.pathname}`)
  stub.callers.push({
    request: `${request.method} ${url.pathname}`,
    token: request.headers.authorization,
    certificate: (request.socket as TLSSocket).getPeerCertificate?.()?.subjectaltname,
  })
  if (kind === 'certificates') {
    if (certificates === undefined) return void refuse(404)
    const { status, text } = await certificates.answer(JSON.parse(await bodyOf(request)))
    return void response.writeHead(status).end(text)
  }
  if (kind === 'stream') {
    if (answers.stream !== undefined) return void refuse(answers.stream)
    openStream(stub, request, response, JSON.parse(url.searchParams.get('node') ?? '{}'))
    return
  }
  if (answers.workload !== undefined) return void refuse(answers.workload)
  if (request.method === 'PUT') stub.registrations.set(id, JSON.parse(await bodyOf(request)))
  else if (request.method === 'DELETE') stub.registrations.delete(id)
  response.end('{"ttlMs":15000}')
}

function openStream(stub: StubControlServer, request: IncomingMessage, response: ServerResponse, node: Node): void {
  const id = `s${stub.streams.length + 1}`
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const raw = (text: string): unknown => response.write(text)
  const stream: StubStream = {
    id,
    node,
    headers: request.headers,
    messages: [],
    raw,
    event: (name, data, eventId) =>
      raw(`${eventId === undefined ? '' : `id: ${eventId}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`),
    cut: () => response.destroy(),
  }
  stub.streams.push(stream)
  const { heartbeatMs } = stub
  stream.event('hello', { streamId: id, epoch: 'e', heartbeatMs, features: [], url: `${stub.url}/v1/streams/${id}` })
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}
