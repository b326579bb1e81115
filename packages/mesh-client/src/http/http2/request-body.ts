import { Readable } from 'node:stream'
import { isFormData } from '../form-data.ts'
import { errors, Response } from '../undici.ts'

/** A body as it goes over a stream: whole, in pieces, or none. */
export type SendableBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'pieces'
      readonly source: AsyncIterable<unknown> | Iterable<unknown>
      readonly length: number | undefined
      readonly contentType: string | undefined
    }

const NONE: SendableBody = { kind: 'none' }

/**
 * A body in any form that undici takes.
 * @throws InvalidArgumentError for anything else
 */
export function sendableBody(body: unknown): SendableBody {
  if (body === null || body === undefined) return NONE
  if (typeof body === 'string') return whole(Buffer.from(body))
  if (ArrayBuffer.isView(body)) return whole(new Uint8Array(body.buffer, body.byteOffset, body.byteLength))
  if (body instanceof ArrayBuffer) return whole(new Uint8Array(body))
  if (typeof body === 'object') {
    if (body instanceof Blob) return pieces(body.stream(), body.size, undefined)
    if (isFormData(body)) return formData(body)
    if (Symbol.asyncIterator in body) return pieces(body as AsyncIterable<unknown>, undefined, undefined)
    if (Symbol.iterator in body) return pieces(body as Iterable<unknown>, undefined, undefined)
    // A stream of before Node 10, that nothing can iterate over.
    if ('pipe' in body) return pieces(new Readable().wrap(body as NodeJS.ReadableStream), undefined, undefined)
  }
  throw new errors.InvalidArgumentError(
    'body must be a string, a Buffer, a Readable stream, an iterable, or an async iterable',
  )
}

function whole(bytes: Uint8Array): SendableBody {
  return bytes.byteLength === 0 ? NONE : { kind: 'whole', bytes }
}

function pieces(
  source: AsyncIterable<unknown> | Iterable<unknown>,
  length: number | undefined,
  contentType: string | undefined,
): SendableBody {
  return { kind: 'pieces', source, length, contentType }
}

/** Written out as undici's `fetch` does it; it takes no other FormData than its own. */
function formData(body: object): SendableBody {
  const written = new Response(body as ConstructorParameters<typeof Response>[0])
  const type = written.headers.get('content-type')
  if (written.body === null || type?.startsWith('multipart/form-data') !== true) {
    throw new errors.InvalidArgumentError('body must be a FormData created by the undici of the mesh')
  }
  return pieces(written.body, undefined, type)
}
