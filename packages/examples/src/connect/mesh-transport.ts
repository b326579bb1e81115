// Connect's clients over the mesh: gRPC by its own code, HTTP by the mesh's.
import { Readable } from 'node:stream'
import { Code, ConnectError, type Transport } from '@connectrpc/connect'
import type { UniversalClientFn, UniversalClientResponse } from '@connectrpc/connect/protocol'
import { createTransport } from '@connectrpc/connect/protocol-grpc'
import type { Mesh } from '@weft/mesh-client'

const MAX_MESSAGE_BYTES = 4 * 1024 * 1024

/** What `createClient` of Connect takes, for a service of the mesh: `meshTransport(mesh, 'http://greeter:50051')`. */
export function meshTransport(mesh: Mesh, baseUrl: string): Transport {
  return createTransport({
    baseUrl,
    httpClient: meshHttpClient(mesh),
    useBinaryFormat: true,
    interceptors: [],
    acceptCompression: [],
    sendCompression: null,
    compressMinBytes: 1024,
    readMaxBytes: MAX_MESSAGE_BYTES,
    writeMaxBytes: MAX_MESSAGE_BYTES,
  })
}

/** Connect's idea of an HTTP client, by `mesh.request`. Routes, retries, deadlines, mutual TLS and metrics are the mesh's. */
function meshHttpClient(mesh: Mesh): UniversalClientFn {
  return async ({ url, header, body, signal }): Promise<UniversalClientResponse> => {
    try {
      const response = await mesh.request(url, {
        method: 'POST',
        headers: Object.fromEntries(header),
        body: body === undefined ? null : Readable.from(body, { objectMode: false }),
        signal: signal ?? null,
      })
      const trailer = new Headers()
      return {
        status: response.statusCode,
        header: headersOf(response.headers),
        body: bodyOf(response.body, () => copyInto(trailer, response.trailers)),
        trailer,
      }
    } catch (error) {
      throw connectErrorOf(error)
    }
  }
}

/** The trailers are there when the body has ended, and not before. */
async function* bodyOf(body: AsyncIterable<Uint8Array>, atEnd: () => void): AsyncIterable<Uint8Array> {
  try {
    yield* body
  } catch (error) {
    throw connectErrorOf(error)
  }
  atEnd()
}

type Fields = Readonly<Record<string, string | readonly string[] | undefined>>

function headersOf(fields: Fields): Headers {
  const headers = new Headers()
  copyInto(headers, fields)
  return headers
}

function copyInto(headers: Headers, fields: Fields): void {
  for (const [name, value] of Object.entries(fields))
    for (const each of typeof value === 'object' ? value : [value]) if (each !== undefined) headers.append(name, each)
}

/** A call that its caller gives up is CANCELED or over its time, which Connect tells apart itself; the rest did not get there. */
function connectErrorOf(error: unknown): ConnectError {
  if (error instanceof ConnectError) return error
  const message = error instanceof Error ? error.message : String(error)
  const left = error instanceof Error && error.name === 'AbortError'
  return new ConnectError(message, left ? Code.Canceled : Code.Unavailable, undefined, undefined, error)
}
