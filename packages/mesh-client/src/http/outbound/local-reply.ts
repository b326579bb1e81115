import type { FaultAbort } from '../../call/fault.ts'
import { ERROR_CODES, type MeshErrorCode, type ResponseFlag } from '../../kernel/errors.ts'
import type { RouteReply } from '../../routing/route-table.ts'
import { type ResponseHead, responseHead } from './response-headers.ts'

export const ERROR_HEADER = 'x-weft-error'
export const FLAGS_HEADER = 'x-weft-response-flags'

/** A response that the mesh gives itself. */
export interface LocalReply {
  readonly status: number
  readonly head: ResponseHead
  readonly body: Buffer
}

/** Why a call is refused: the code, in what flags it shows, and a text that says why and what to do. */
export interface Refusal {
  readonly code: MeshErrorCode
  /** Those that this refusal adds. */
  readonly flags: readonly ResponseFlag[]
  readonly text: string
  /** Instead of the code's own. */
  readonly status?: number
}

/** The reply that stands for a refusal: Envoy's status, the code and the flags as headers, the text as body. */
export function refusalReply(refusal: Refusal, flags: readonly ResponseFlag[]): LocalReply {
  const body = Buffer.from(`${refusal.text}\n`)
  const head = responseHead([
    'content-type',
    'text/plain; charset=utf-8',
    'content-length',
    String(body.length),
    ERROR_HEADER,
    refusal.code,
    FLAGS_HEADER,
    flags.length === 0 ? '-' : flags.join(','),
  ])
  return { status: refusal.status ?? ERROR_CODES[refusal.code].status, head, body }
}

/** What a policy says shall answer instead of a cluster whose breaker is open. */
export interface FixedResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** As {@link refusalReply}, with the status, the headers and the body of a policy. */
export function fixedReply(response: FixedResponse, refusal: Refusal): LocalReply {
  const body = Buffer.from(response.body)
  const list: string[] = []
  for (const [name, value] of Object.entries(response.headers)) {
    const lower = name.toLowerCase()
    if (lower !== 'content-length') list.push(lower, value)
  }
  list.push('content-length', String(body.length), ERROR_HEADER, refusal.code, FLAGS_HEADER, refusal.flags.join(','))
  return { status: response.status, head: responseHead(list), body }
}

/** What a route says shall answer instead of a cluster: no refusal, so no code and no flag. */
export function routeReply({ status, headers, body }: RouteReply): LocalReply {
  return { status, head: responseHead(headers), body: Buffer.from(body) }
}

/** Text of an abort, as Envoy's. */
const ABORT_TEXT = 'fault filter abort'

/**
 * The failure that a route injects. A gRPC status comes as a response of headers only. Source: Envoy `fault_filter.cc`,
 * `abortWithStatus`.
 */
export function abortReply({ httpStatus, grpcStatus }: FaultAbort, flags: readonly ResponseFlag[]): LocalReply {
  const told = [ERROR_HEADER, 'WEFT_FAULT_INJECTED', FLAGS_HEADER, flags.join(',')]
  if (httpStatus === undefined) {
    const status = ['content-type', 'application/grpc', 'grpc-status', String(grpcStatus), 'grpc-message', ABORT_TEXT]
    return { status: 200, head: responseHead([...status, ...told]), body: Buffer.alloc(0) }
  }
  const body = Buffer.from(ABORT_TEXT)
  const described = ['content-type', 'text/plain', 'content-length', String(body.length)]
  return { status: httpStatus, head: responseHead([...described, ...told]), body }
}
