import type { ExtAuthzProvider } from '@weft/mesh-protocol'
import type { ProviderQuestion } from '../../inbound/ext-authz/provider-answer.ts'
import { bytesField, mapField, numberField, presentField } from '../../kernel/protobuf.ts'
import type { AskedRequest } from './asked-request.ts'

/*
 * `envoy.service.auth.v3.CheckRequest`, with the numbers of its fields in `attribute_context.proto`.
 */

/** @param wallNow milliseconds since 1970 */
export function checkRequest(
  { connection, served }: ProviderQuestion,
  asked: AskedRequest | undefined,
  { includeRequestBodyInCheck: wanted }: ExtAuthzProvider,
  wallNow: number,
): Buffer {
  const source = Buffer.concat([
    bytesField(1, socketAddress(connection.remoteAddress, 0)),
    bytesField(4, connection.peerUri),
  ])
  const destination = bytesField(1, socketAddress(connection.localAddress, served.port))
  const request =
    asked === undefined
      ? undefined
      : Buffer.concat([
          presentField(1, timestamp(wallNow)),
          presentField(2, httpRequest(asked, wanted?.packAsBytes === true)),
        ])
  const tls = connection.sni === undefined ? undefined : bytesField(1, connection.sni)
  const attributes = Buffer.concat([
    presentField(1, source),
    presentField(2, destination),
    bytesField(4, request),
    bytesField(12, tls),
  ])
  return presentField(1, attributes)
}

function timestamp(wallNow: number): Buffer {
  const seconds = Math.floor(wallNow / 1000)
  return Buffer.concat([numberField(1, seconds), numberField(2, Math.floor((wallNow - seconds * 1000) * 1e6))])
}

/** `envoy.config.core.v3.Address`. */
function socketAddress(address: string, port: number): Buffer {
  return presentField(1, Buffer.concat([bytesField(2, address), numberField(3, port)]))
}

/** `AttributeContext.HttpRequest`. Pseudo headers are among the headers, as Envoy has them. */
function httpRequest({ method, scheme, authority, path, headers, body }: AskedRequest, packsBytes: boolean): Buffer {
  const all = new Map([
    [':authority', authority],
    [':method', method],
    [':path', path],
    [':scheme', scheme],
    ...headers,
  ])
  all.delete('host')
  if (body !== undefined) all.set('x-envoy-auth-partial-body', String(!body.isWhole))
  const length = Number(headers.get('content-length') ?? 0)
  return Buffer.concat([
    bytesField(1, headers.get('x-request-id')),
    bytesField(2, method),
    mapField(3, all),
    bytesField(4, path),
    bytesField(5, authority),
    bytesField(6, scheme),
    numberField(9, Number.isSafeInteger(length) && length > 0 ? length : 0),
    bytesField(10, 'HTTP/1.1'),
    bytesField(packsBytes ? 12 : 11, body?.bytes),
  ])
}
