import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { saying } from '../kernel/control-answer.ts'
import type { TimerHandle, Timers } from '../kernel/timers.ts'
import { type ControlTls, createSecureAgents } from './secure-agents.ts'
import type { TokenSource } from './token-source.ts'

/** A request to the control server that is answered at once. */
export interface ControlRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  readonly url: string
  /** Sent as JSON. */
  readonly body?: unknown
  readonly timeoutMs: number
  /** Leaves the token out, so that nothing but the certificate of the connection says who asks. Default: false. */
  readonly withoutToken?: boolean
}

export interface ControlAnswer {
  readonly status: number
  readonly text: string
}

/** The part of `fetch` that eventsource uses. */
export type StreamFetch = (
  url: string | URL,
  init: { readonly headers: Readonly<Record<string, string>>; readonly signal?: AbortSignal },
) => Promise<{
  readonly body: { getReader(): StreamReader }
  readonly url: string
  readonly status: number
  readonly redirected: boolean
  readonly headers: { get(name: string): string | null }
}>

interface StreamReader {
  read(): Promise<{ done: false; value: Uint8Array } | { done: true }>
  cancel(): Promise<void>
}

/**
 * How the control server is spoken to: over node:http, never over the mesh's own dispatcher or the platform's, so that
 * neither policy nor a replaced global can come between. Nothing here keeps the process alive; who awaits something holds
 * the loop itself.
 */
export interface ControlTransport {
  /** Rejects when there is no answer. */
  send(request: ControlRequest): Promise<ControlAnswer>
  /** Rejects, with what the server said, for anything but a stream. */
  readonly stream: StreamFetch
  close(): void
}

/** How much of a stream is read before others are let run: some hundred endpoints, which take a millisecond. */
const BYTES_A_TURN = 64 * 1024

/** Of an answer that is no stream; the rest says nothing more. */
const MAX_ANSWER_BYTES = 256 * 1024

export function createControlTransport(deps: {
  readonly token: TokenSource
  readonly timers: Timers
  /** Of connections to `https:`. Absent: the platform's authorities and host names. */
  readonly tls?: ControlTls
}): ControlTransport {
  const plain = new http.Agent({ keepAlive: true })
  const secure = createSecureAgents(deps.tls)

  /** How a request to a URL is made at this moment, and the token that goes with it. */
  const wayTo = async (url: URL) => {
    if (url.protocol !== 'https:') return { request: http.request, agent: plain, token: deps.token }
    const { agent, hasCertificate } = await secure.agentFor(url)
    // The connection's certificate speaks for the process too, so a token that is gone is no fault then.
    const token: TokenSource = hasCertificate ? () => deps.token().catch(() => undefined) : deps.token
    return { request: https.request, agent, token }
  }
  const open = async (
    url: URL,
    options: http.RequestOptions & { readonly headers: Readonly<Record<string, string>> },
    withoutToken: boolean,
    body?: string,
  ): Promise<IncomingMessage> => {
    const way = await wayTo(url)
    const token = withoutToken ? undefined : await way.token()
    const proof = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const request = way.request(url, { ...options, headers: { ...options.headers, ...proof }, agent: way.agent })
    return new Promise((resolve, reject) => {
      request.on('socket', (socket) => socket.unref())
      request.on('response', resolve)
      request.on('error', (error) => reject(readable(error, request.reusedSocket)))
      request.end(body)
    })
  }

  const sendOnce = async (asked: ControlRequest): Promise<ControlAnswer> => {
    const { method, url, body, timeoutMs, withoutToken = false } = asked
    const controller = new AbortController()
    const timer: TimerHandle = deps.timers.set(() => controller.abort(), timeoutMs)
    const text = body === undefined ? undefined : JSON.stringify(body)
    const type =
      text === undefined ? {} : { 'content-type': 'application/json', 'content-length': `${Buffer.byteLength(text)}` }
    try {
      const options = { method, headers: { accept: 'application/json', ...type }, signal: controller.signal }
      const response = await open(new URL(url), options, withoutToken, text)
      return { status: response.statusCode ?? 0, text: await textOf(response) }
    } catch (error) {
      throw controller.signal.aborted ? new Error(`no answer within ${timeoutMs} ms`, { cause: error }) : error
    } finally {
      deps.timers.clear(timer)
    }
  }

  return {
    /** A kept connection may have been closed by the server just now; every request here can be sent twice. */
    async send(request) {
      try {
        return await sendOnce(request)
      } catch (error) {
        if ((error as { reused?: boolean }).reused !== true) throw error
        return sendOnce(request)
      }
    },
    async stream(url, init) {
      const target = new URL(url)
      const signal = init.signal === undefined ? {} : { signal: init.signal }
      const response = await open(target, { headers: init.headers, ...signal }, false)
      response.on('error', () => undefined)
      const status = response.statusCode ?? 0
      if (status !== 200) throw new Error(`it answered ${status}${saying(await textOf(response))}`)
      return {
        status,
        url: target.href,
        redirected: false,
        headers: { get: (name) => response.headers[name]?.toString() ?? null },
        body: { getReader: () => readerOf(response, deps.timers) },
      }
    },
    close() {
      plain.destroy()
      secure.destroy()
    },
  }
}

/** An error of several addresses tried has no message of its own, and one of TLS does not say what to do. */
function readable(error: NodeJS.ErrnoException, reused: boolean): Error {
  if (error.message === '') error.message = error.code ?? error.name
  if (UNTRUSTED.includes(error.code ?? '')) {
    error.message = `its certificate comes from nobody who is believed here (${error.message}): name the mesh's CA by caFile or caFingerprint`
  }
  return Object.assign(error, { reused })
}

/** What OpenSSL calls a chain that leads to no authority of this side. */
const UNTRUSTED: readonly string[] = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
]

/**
 * Between two pieces of what comes at once the event loop is let go on: whatever arrives would be read and applied in one
 * turn else, a large service whole.
 */
function readerOf(response: IncomingMessage, timers: Timers): StreamReader {
  const chunks = response[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  let bytes = 0
  return {
    async read() {
      if (bytes >= BYTES_A_TURN) {
        bytes = 0
        await new Promise<void>((resolve) => void timers.set(resolve, 0))
      }
      const next = await chunks.next()
      if (next.done === true) return { done: true }
      bytes += next.value.length
      return { done: false, value: next.value }
    },
    async cancel() {
      response.destroy()
    },
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) break
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
