import { ABORTED, CONNECT_FAILED, REFUSED, RESET, TIMED_OUT } from '../../call/outcome.ts'
import type { Outcome } from '../../cluster/types.ts'
import { MeshError } from '../../kernel/errors.ts'
import { isUnprocessed } from '../http2/unprocessed.ts'
import { isRefusedHandshake } from './refused-handshake.ts'

const LOCAL: unique symbol = Symbol('weft.local')

/** Faults of the caller's own request, found by undici. */
const CALLER_FAULTS: ReadonlySet<string> = new Set([
  // A piece of a body that is neither text nor bytes.
  'ERR_INVALID_ARG_TYPE',
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
])

/** Limits that undici keeps by itself, as a backstop below ours. */
const TIMEOUTS: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])

/** How deep a chain of causes is followed. */
const MAX_CAUSES = 10

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return ''
  return typeof error.code === 'string' ? error.code : ''
}

/** Whether the caller's request itself is at fault, so that no endpoint can be blamed and no other can do better. */
export function isCallerFault(error: unknown): boolean {
  return CALLER_FAULTS.has(codeOf(error))
}

/**
 * What an error of the transport means for the endpoint.
 *
 * @param started whether the request had reached a connection
 */
export function classifyError(error: unknown, started: boolean): Outcome {
  const code = codeOf(error)
  if (TIMEOUTS.has(code)) return TIMED_OUT
  if (started) return isRefusedHandshake(code) ? CONNECT_FAILED : RESET
  return code === 'ECONNREFUSED' ? REFUSED : CONNECT_FAILED
}

/** An error of this process's own making, such as a file that cannot be read, that happens where endpoints are reached. */
export function localFault(reason: string, cause: unknown): Error {
  const error = new Error(reason, { cause })
  Object.defineProperty(error, LOCAL, { value: true })
  Object.assign(error, { code: codeOf(cause) })
  return error
}

/** What an attempt that ended in this way teaches about its endpoint: nothing, where the endpoint had no part in it. */
export function lessonOf(error: unknown, outcome: Outcome): Outcome {
  const local = typeof error === 'object' && error !== null && LOCAL in error
  return local || isUnprocessed(error) ? ABORTED : outcome
}

/** Puts the mesh's account of a failure at the end of an error's chain of causes; the error itself stays what it was. */
export function withCause(error: unknown, account: MeshError): Error {
  if (!(error instanceof Error)) return account
  let last: Error = error
  for (let depth = 0; depth < MAX_CAUSES; depth++) {
    if (MeshError.isMeshError(last)) return error
    const next: unknown = last.cause
    if (!(next instanceof Error)) break
    last = next
  }
  // A frozen error is given back as it is: its code says enough.
  Reflect.defineProperty(last, 'cause', { value: account, configurable: true, enumerable: false, writable: true })
  return error
}
