import type { OutgoingHttpHeaders } from 'node:http2'
import type { Exchange } from '../outbound/exchange.ts'
import { errors } from '../undici.ts'
import type { SendableBody } from './request-body.ts'

/**
 * What a body says of itself, where the caller has not. A call of gRPC is a stream whatever its body is: no client of it
 * tells a length.
 */
export function addBodyHeaders(head: OutgoingHttpHeaders, body: SendableBody, exchange: Exchange): void {
  if (exchange.expectContinue === true && body.kind !== 'none') head.expect = '100-continue'
  if (body.kind === 'none') {
    if (expectsBody(exchange.method) && !exchange.isGrpc) head['content-length'] ??= '0'
    return
  }
  if (body.kind === 'pieces' && body.contentType !== undefined) head['content-type'] = body.contentType
  const length = body.kind === 'whole' ? body.bytes.byteLength : body.length
  if (length === undefined) return
  const given = head['content-length']
  if (given !== undefined && Number(given) !== length) throw new errors.RequestContentLengthMismatchError()
  if (!exchange.isGrpc) head['content-length'] = String(length)
}

function expectsBody(method: string): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH'
}
