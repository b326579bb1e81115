import { errors } from '../undici.ts'

const UNPROCESSED: unique symbol = Symbol('weft.unprocessed')

interface Marked {
  readonly [UNPROCESSED]?: true
}

/**
 * An error of a request that its server has not begun to process: it refused the stream, or went away with a GOAWAY that
 * says so. Such a request may be sent again whatever it is (RFC 9113 section 8.7).
 */
export function unprocessed(reason: string, cause?: unknown): Error {
  const error = new errors.SocketError(reason)
  if (cause !== undefined) error.cause = cause
  Object.defineProperty(error, UNPROCESSED, { value: true })
  return error
}

export function isUnprocessed(error: unknown): boolean {
  return typeof error === 'object' && error !== null && (error as Marked)[UNPROCESSED] === true
}
