import { GRPC_STATUS, grpcStatusName, grpcStatusNumber } from '@weft/mesh-protocol'
import { expect } from 'vitest'
import { isGrpcContentType } from '../../../packages/mesh-client/src/kernel/grpc-content-type.ts'
import {
  grpcStatusIn,
  grpcStatusOf,
  grpcToHttpStatus,
  httpToGrpcStatus,
  INVALID_CODE,
  parseGrpcStatus,
} from '../../../packages/mesh-client/src/kernel/grpc-status.ts'
import { readVectors } from '../../support/vectors.ts'
import { type AlgorithmRow, algorithmSuite } from './algorithm-suite.ts'

interface FallbackRow {
  readonly trailers: string | null
  readonly headers: string | null
  readonly http: number
  readonly status: number
}

interface Vectors {
  readonly grpc_to_http: Readonly<Record<string, number>>
  readonly http_to_grpc: Readonly<Record<string, string>>
  readonly content_type_is_grpc: readonly (readonly [string, boolean])[]
  readonly fallback_rows: readonly FallbackRow[]
  readonly invalid: readonly { readonly value: string; readonly status: string }[]
  readonly linkerd_outbound_failure_codes: readonly string[]
}

const vectors = readVectors<Vectors>('algorithms/grpc-status.json')

const CALLERS_FAULT =
  'is Linkerd’s own: whom a caller without rights has asked is not at fault, and would be taken from all others'

function numberOf(name: string): number {
  return name === 'INVALID_CODE' ? INVALID_CODE : (grpcStatusNumber(name) ?? Number.NaN)
}

function head(grpcStatus: string | null): Record<string, string> {
  return grpcStatus === null ? {} : { 'grpc-status': grpcStatus }
}

/** What Linkerd holds against an instance of those that Weft holds against it too: what counts as a failure of the server. */
function failureRow(code: string): AlgorithmRow {
  const name = `${code} is a failure to Linkerd`
  if (numberOf(code) === GRPC_STATUS.PERMISSION_DENIED) return { name, notApplicable: CALLERS_FAULT }
  return { name, check: () => expect(grpcToHttpStatus(numberOf(code))).toBeGreaterThanOrEqual(500) }
}

algorithmSuite('grpc-status', 'What gRPC and HTTP make of the statuses of each other.', vectors, () => {
  const all = vectors as Vectors
  return [
    ...Object.entries(all.grpc_to_http).map(([code, http]) => ({
      name: `${code} as a status of HTTP`,
      check: () => expect(grpcToHttpStatus(numberOf(code))).toBe(http),
    })),
    ...Object.entries(all.http_to_grpc).map(([http, code]) => ({
      name: `${http} as a status of gRPC`,
      check: () => expect(grpcStatusName(httpToGrpcStatus(Number(http)))).toBe(code),
    })),
    ...all.content_type_is_grpc.map(([value, isGrpc]) => ({
      name: `content-type: ${value}`,
      check: () => expect(isGrpcContentType(value)).toBe(isGrpc),
    })),
    ...all.fallback_rows.map((row) => ({
      name: JSON.stringify(row),
      check: () => expect(grpcStatusOf(head(row.trailers), grpcStatusIn(head(row.headers)), row.http)).toBe(row.status),
    })),
    ...all.invalid.map((row) => ({
      name: JSON.stringify(row),
      check: () => expect(parseGrpcStatus(row.value)).toBe(numberOf(row.status)),
    })),
    ...all.linkerd_outbound_failure_codes.map(failureRow),
  ] satisfies AlgorithmRow[]
})
