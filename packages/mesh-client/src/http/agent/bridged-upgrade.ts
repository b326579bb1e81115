import { type IncomingHttpHeaders, STATUS_CODES } from 'node:http'
import { type Duplex, pipeline } from 'node:stream'
import type { Dispatcher } from 'undici'
import { ERROR_HEADER } from '../../kernel/header-names.ts'

type Controller = Dispatcher.DispatchController

const MAX_LISTENERS = 30

/** Joins the two ends of a connection that has changed its protocol, as WebSocket does. */
export class BridgedUpgrade implements Dispatcher.DispatchHandler {
  readonly #socket: Duplex
  readonly #head: Buffer
  readonly #near: Duplex

  /** @param head what the client has written behind its request already */
  constructor(socket: Duplex, head: Buffer, near: Duplex) {
    this.#socket = socket
    this.#head = head
    this.#near = near
  }

  onRequestStart(controller: Controller): void {
    this.#socket.once('close', () => controller.abort(new Error('the request was destroyed')))
  }

  onRequestUpgrade(_controller: Controller, status: number, headers: IncomingHttpHeaders, upstream: Duplex): void {
    this.#socket.write(headOf(status, headers))
    if (this.#head.length > 0) upstream.write(this.#head)
    const ended = (): void => undefined
    // Two pipelines listen to much of it, beside what a socket of TLS listens to by itself.
    upstream.setMaxListeners(MAX_LISTENERS)
    pipeline(upstream, this.#socket, ended)
    pipeline(this.#socket, upstream, ended)
  }

  /** The upstream would not change the protocol, or the mesh refuses. */
  onResponseStart(_controller: Controller, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return
    const code = headers[ERROR_HEADER]
    const why = typeof code === 'string' ? code : `the upstream answered ${status}`
    this.#near.destroy(new Error(`The connection was not upgraded: ${why}.`))
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.#near.destroy(error)
  }
}

function headOf(status: number, headers: IncomingHttpHeaders): string {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`]
  for (const [name, value] of Object.entries(headers)) {
    for (const one of Array.isArray(value) ? value : [value ?? '']) lines.push(`${name}: ${one}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}
