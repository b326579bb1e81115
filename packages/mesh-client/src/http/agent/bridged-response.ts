import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import { ERROR_CODES, MeshError, type MeshErrorCode, type ResponseFlag } from '../../kernel/errors.ts'
import { ERROR_HEADER, FLAGS_HEADER } from '../../kernel/header-names.ts'
import { endToEndResponse } from './hop-by-hop.ts'

type Controller = Dispatcher.DispatchController

const EARLY_HINTS = 103

/**
 * Writes the answer of the mesh where `node:http` reads it. What the mesh refuses is an error of the request there, since
 * that is how clients of `node:http` learn of what went wrong on the way.
 */
export class BridgedResponse implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse
  readonly #near: Duplex
  #controller: Controller | undefined
  #refusal: { readonly code: MeshErrorCode; readonly flags: readonly ResponseFlag[]; text: string } | undefined

  constructor(response: ServerResponse, near: Duplex) {
    this.#response = response
    this.#near = near
    response.sendDate = false
  }

  /** Whoever asked has gone, or has its answer. */
  callerLeft(): void {
    if (!this.#response.writableFinished) this.#controller?.abort(new Error('the request was destroyed'))
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller
  }

  onResponseStart(_controller: Controller, status: number, headers: IncomingHttpHeaders, message?: string): void {
    if (status < 200) {
      if (status === EARLY_HINTS) this.#response.writeEarlyHints(endToEndResponse(headers))
      return
    }
    const code = headers[ERROR_HEADER]
    if (typeof code === 'string' && Object.hasOwn(ERROR_CODES, code)) {
      const flags = String(headers[FLAGS_HEADER] ?? '').split(',') as ResponseFlag[]
      this.#refusal = { code: code as MeshErrorCode, flags, text: '' }
      return
    }
    const kept = endToEndResponse(headers)
    if (message === undefined || message === '') this.#response.writeHead(status, kept)
    else this.#response.writeHead(status, message, kept)
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#refusal !== undefined) {
      this.#refusal.text += chunk.toString()
      return
    }
    if (this.#response.write(chunk)) return
    controller.pause()
    this.#response.once('drain', () => controller.resume())
  }

  onResponseEnd(_controller: Controller, trailers: IncomingHttpHeaders): void {
    const refusal = this.#refusal
    if (refusal !== undefined) {
      const { code, flags, text } = refusal
      this.#near.destroy(new MeshError(code, text.trim(), { flags }))
      return
    }
    const kept = endToEndResponse(trailers)
    if (Object.keys(kept).length > 0) this.#response.addTrailers(kept as Record<string, string>)
    this.#response.end()
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.#near.destroy(error)
  }
}
