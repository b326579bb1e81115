import type { Dispatcher } from 'undici'
import type { RequestHeaders } from './request-headers.ts'

/** Options of a dispatch, with those that undici takes beside its types. */
export interface MeshDispatchOptions extends Dispatcher.DispatchOptions {
  readonly servername?: string | null
}

/** A request as undici takes it, with the scheme it is to be sent by. One object a call, of one shape. */
export interface SendOptions {
  readonly scheme: 'http' | 'https'
  readonly path: string
  readonly method: string
  readonly headers: RequestHeaders
  /** Set for each attempt. */
  body: unknown
  readonly upgrade: MeshDispatchOptions['upgrade']
  readonly idempotent: boolean | undefined
  readonly blocking: boolean | undefined
  readonly headersTimeout: number | null | undefined
  readonly bodyTimeout: number | null | undefined
  readonly reset: boolean | undefined
  readonly expectContinue: boolean | undefined
  readonly typeOfService: number | null | undefined
  readonly servername: string | null | undefined
}

/** What of the caller's options undici is to have; written out, because copying all of them costs more than the rest. */
export function sendOptions(
  given: MeshDispatchOptions,
  scheme: 'http' | 'https',
  path: string,
  headers: RequestHeaders,
): SendOptions {
  return {
    scheme,
    path,
    method: given.method,
    headers,
    body: null,
    upgrade: given.upgrade,
    idempotent: given.idempotent,
    blocking: given.blocking,
    headersTimeout: given.headersTimeout,
    bodyTimeout: given.bodyTimeout,
    reset: given.reset,
    expectContinue: given.expectContinue,
    typeOfService: given.typeOfService,
    servername: given.servername,
  }
}
