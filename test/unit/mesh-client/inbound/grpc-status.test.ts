import { describe, expect, test } from 'vitest'
import { grpcStatusOfHttp, isGrpcContentType } from '../../../../packages/mesh-client/src/inbound/grpc-status.ts'
import { readVectors, vectorTitle } from '../../../support/vectors.ts'

const CODES: Record<string, string> = {
  UNKNOWN: '2',
  PERMISSION_DENIED: '7',
  UNIMPLEMENTED: '12',
  INTERNAL: '13',
  UNAVAILABLE: '14',
  UNAUTHENTICATED: '16',
}
const vectors = readVectors<{
  http_to_grpc: Record<string, string>
  content_type_is_grpc: readonly [string, boolean][]
}>('algorithms/grpc-status.json')

describe.skipIf(vectors === undefined)(vectorTitle('HTTP status as gRPC status', vectors), () => {
  test.each(Object.entries(vectors?.http_to_grpc ?? {}))('%s is %s', (http, grpc) => {
    expect(grpcStatusOfHttp(Number(http))).toBe(CODES[grpc])
  })
})

test('without an answer there is none', () => {
  expect([grpcStatusOfHttp(0), grpcStatusOfHttp(200)]).toEqual(['', '2'])
})

describe.skipIf(vectors === undefined)(vectorTitle('gRPC content types', vectors), () => {
  test.each(vectors?.content_type_is_grpc ?? [])('%s: %s', (value, isGrpc) => {
    expect(isGrpcContentType(value)).toBe(isGrpc)
  })
})
