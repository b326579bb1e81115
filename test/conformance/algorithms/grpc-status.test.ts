import { expect } from 'vitest'
import { grpcStatusOfHttp } from '../../../packages/mesh-client/src/inbound/grpc-status.ts'
import { isGrpcContentType } from '../../../packages/mesh-client/src/kernel/grpc-content-type.ts'
import { readVectors } from '../../support/vectors.ts'
import { type AlgorithmRow, algorithmSuite } from './algorithm-suite.ts'

interface Vectors {
  readonly grpc_to_http: Readonly<Record<string, number>>
  readonly http_to_grpc: Readonly<Record<string, string>>
  readonly content_type_is_grpc: readonly (readonly [string, boolean])[]
  readonly fallback_rows: readonly object[]
  readonly invalid: readonly object[]
  readonly linkerd_outbound_failure_codes: readonly string[]
}

const vectors = readVectors<Vectors>('algorithms/grpc-status.json')

/** gRPC's numbers, by the names of its codes. */
const CODES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
]

const LATER = 'is of gRPC itself, which the mesh does not carry yet'

algorithmSuite('grpc-status', 'What gRPC makes of HTTP, as far as telemetry asks it.', vectors, () => {
  const all = vectors as Vectors
  const later = [
    ...Object.keys(all.grpc_to_http).map((code) => `${code} as a status of HTTP`),
    ...[...all.fallback_rows, ...all.invalid].map((row) => JSON.stringify(row)),
    ...all.linkerd_outbound_failure_codes.map((code) => `${code} is a failure to Linkerd`),
  ]
  return [
    ...Object.entries(all.http_to_grpc).map(([http, code]) => ({
      name: `${http} as a status of gRPC`,
      check: () => expect(grpcStatusOfHttp(Number(http))).toBe(String(CODES.indexOf(code))),
    })),
    ...all.content_type_is_grpc.map(([value, isGrpc]) => ({
      name: `content-type: ${value}`,
      check: () => expect(isGrpcContentType(value)).toBe(isGrpc),
    })),
    ...later.map((name) => ({ name, notApplicable: LATER })),
  ] satisfies AlgorithmRow[]
})
