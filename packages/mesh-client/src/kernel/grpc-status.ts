import { GRPC_STATUS, grpcStatusName } from '@weft/mesh-protocol'
import { firstValue } from './first-value.ts'
import { GRPC_STATUS_HEADER } from './header-names.ts'

/** What stands for a `grpc-status` that is none. Source: Envoy `include/envoy/grpc/status.h`, `InvalidCode`. */
export const INVALID_CODE = -1

/** Source: Envoy `Grpc::Utility::grpcToHttpStatus`; by the number of the status. */
const HTTP_STATUSES: readonly number[] = [
  200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
]

const INTERNAL_SERVER_ERROR = 500

const BY_HTTP_STATUS: ReadonlyMap<number, number> = new Map([
  [400, GRPC_STATUS.INTERNAL],
  [401, GRPC_STATUS.UNAUTHENTICATED],
  [403, GRPC_STATUS.PERMISSION_DENIED],
  [404, GRPC_STATUS.UNIMPLEMENTED],
  [429, GRPC_STATUS.UNAVAILABLE],
  [502, GRPC_STATUS.UNAVAILABLE],
  [503, GRPC_STATUS.UNAVAILABLE],
  [504, GRPC_STATUS.UNAVAILABLE],
])

/** Which status of HTTP a status of gRPC counts as; 500 for what is none. Source: Envoy `Grpc::Utility::grpcToHttpStatus`. */
export function grpcToHttpStatus(code: number): number {
  return HTTP_STATUSES[code] ?? INTERNAL_SERVER_ERROR
}

/**
 * What a gRPC response without `grpc-status` counts as. Source: gRPC "HTTP to gRPC Status Code Mapping"; Envoy
 * `Grpc::Utility::httpToGrpcStatus`.
 */
export function httpToGrpcStatus(status: number): number {
  return BY_HTTP_STATUS.get(status) ?? GRPC_STATUS.UNKNOWN
}

/** {@link httpToGrpcStatus} as telemetry tells it; empty when nothing was answered (0). */
export function grpcStatusOfHttp(status: number): string {
  return status === 0 ? '' : String(httpToGrpcStatus(status))
}

/**
 * What a value of `grpc-status` says; `undefined`: nothing, {@link INVALID_CODE}: no status that gRPC knows. Source: Envoy
 * `Grpc::Common::getGrpcStatus`, which reads a whole number and takes the codes of gRPC alone.
 */
export function parseGrpcStatus(value: string | undefined): number | undefined {
  if (value === undefined || value === '') return undefined
  if (value === '0') return GRPC_STATUS.OK
  if (!/^\s*\+?\d+\s*$/.test(value)) return INVALID_CODE
  const code = Number(value)
  return grpcStatusName(code) !== undefined ? code : INVALID_CODE
}

type Head = Readonly<Record<string, string | string[] | undefined>>

/** {@link parseGrpcStatus} of what headers or trailers say. */
export function grpcStatusIn(head: Head): number | undefined {
  return parseGrpcStatus(firstValue(head[GRPC_STATUS_HEADER]))
}

/**
 * How a gRPC call was answered: by `grpc-status` of its trailers, else of its headers (a response of trailers only), else by
 * its status of HTTP. Source: Envoy `Grpc::Common::getGrpcStatus` of trailers, headers and info.
 *
 * @param ofHeaders what {@link grpcStatusIn} found there
 */
export function grpcStatusOf(trailers: Head, ofHeaders: number | undefined, httpStatus: number): number {
  return grpcStatusIn(trailers) ?? ofHeaders ?? httpToGrpcStatus(httpStatus)
}

/** Codes of RST_STREAM that say more than that something broke (RFC 9113 section 7). */
const BY_RESET: ReadonlyMap<number, number> = new Map([
  [7, GRPC_STATUS.UNAVAILABLE], // REFUSED_STREAM: nothing was done, another connection may take it
  [8, GRPC_STATUS.CANCELLED], // CANCEL
  [11, GRPC_STATUS.RESOURCE_EXHAUSTED], // ENHANCE_YOUR_CALM
  [12, GRPC_STATUS.PERMISSION_DENIED], // INADEQUATE_SECURITY
])

/**
 * What a gRPC call ends with whose stream the server has reset. A connection that broke is UNAVAILABLE and no reset, though
 * Node may call it CANCEL. Source: gRPC over HTTP/2, "Errors"; grpc-js `subchannel-call.ts`.
 */
export function grpcStatusOfReset(rstCode: number): number {
  return BY_RESET.get(rstCode) ?? GRPC_STATUS.INTERNAL
}
