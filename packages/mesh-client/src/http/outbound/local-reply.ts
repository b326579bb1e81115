import { GRPC_STATUS } from '@weft/mesh-protocol'
import type { FaultAbort } from '../../call/fault.ts'
import { ERROR_CODES, flagsText, type MeshErrorCode, type ResponseFlag } from '../../kernel/errors.ts'
import { httpToGrpcStatus } from '../../kernel/grpc-status.ts'
import { ERROR_HEADER, FLAGS_HEADER } from '../../kernel/header-names.ts'
import { trailersOnly } from '../../kernel/trailers-only.ts'
import type { RouteReply } from '../../routing/route-table.ts'
import { type ResponseHead, responseHead } from './response-headers.ts'

const NO_BODY = Buffer.alloc(0)

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

/**
 * The reply that stands for a refusal: Envoy's status, the code and the flags as headers, the text as body. To gRPC the
 * status that Envoy's becomes there, but for a limit of time, which has one of its own.
 */
export function refusalReply(refusal: Refusal, flags: readonly ResponseFlag[], isGrpc: boolean): LocalReply {
  const { code, text } = refusal
  const status = refusal.status ?? ERROR_CODES[code].status
  const told = [ERROR_HEADER, code, FLAGS_HEADER, flagsText(flags)]
  if (isGrpc) {
    const late = code === 'WEFT_DEADLINE_EXCEEDED'
    return grpcReply(late ? GRPC_STATUS.DEADLINE_EXCEEDED : httpToGrpcStatus(status), text, told)
  }
  const body = Buffer.from(`${text}\n`)
  const described = ['content-type', 'text/plain; charset=utf-8', 'content-length', String(body.length)]
  return { status, head: responseHead([...described, ...told]), body }
}

/** What a policy says shall answer instead of a cluster whose breaker is open. */
export interface FixedResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** As {@link refusalReply}, with the status, the headers and the body of a policy. */
export function fixedReply(response: FixedResponse, refusal: Refusal, isGrpc: boolean): LocalReply {
  const list: string[] = []
  for (const [name, value] of Object.entries(response.headers)) {
    const lower = name.toLowerCase()
    if (lower !== 'content-length') list.push(lower, value)
  }
  const told = [ERROR_HEADER, refusal.code, FLAGS_HEADER, flagsText(refusal.flags)]
  if (isGrpc) return grpcReply(httpToGrpcStatus(response.status), response.body, [...list, ...told])
  const body = Buffer.from(response.body)
  list.push('content-length', String(body.length), ...told)
  return { status: response.status, head: responseHead(list), body }
}

/** What a route says shall answer instead of a cluster: no refusal, so no code and no flag. */
export function routeReply({ status, headers, body }: RouteReply, isGrpc: boolean): LocalReply {
  if (isGrpc) return grpcReply(httpToGrpcStatus(status), Buffer.from(body).toString(), headers)
  return { status, head: responseHead(headers), body: Buffer.from(body) }
}

/** Text of an abort, as Envoy's. */
const ABORT_TEXT = 'fault filter abort'

/**
 * The failure that a route injects. A gRPC status comes as a response of headers only. Source: Envoy `fault_filter.cc`,
 * `abortWithStatus`.
 */
export function abortReply(
  { httpStatus, grpcStatus }: FaultAbort,
  flags: readonly ResponseFlag[],
  isGrpc: boolean,
): LocalReply {
  const told = [ERROR_HEADER, 'WEFT_FAULT_INJECTED', FLAGS_HEADER, flagsText(flags)]
  if (httpStatus === undefined || isGrpc) {
    return grpcReply(grpcStatus ?? httpToGrpcStatus(httpStatus ?? 0), ABORT_TEXT, told)
  }
  const body = Buffer.from(ABORT_TEXT)
  const described = ['content-type', 'text/plain', 'content-length', String(body.length)]
  return { status: httpStatus, head: responseHead([...described, ...told]), body }
}

/** To gRPC: a status and nothing else. */
function grpcReply(status: number, message: string, headers: readonly string[]): LocalReply {
  return { status: 200, head: responseHead(trailersOnly(status, message, headers)), body: NO_BODY }
}
