import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { notPropagated, propagation } from '../../../../packages/mesh-client/src/inbound/propagation.ts'
import {
  createHeadReader,
  isGrpcContentType,
  isReservedHeader,
} from '../../../../packages/mesh-client/src/inbound/request-head.ts'
import { readVectors, vectorTitle } from '../../../support/vectors.ts'

const read = createHeadReader(propagation(['X-Canary', 'traceparent', 'Host']))

test('of a plain request there is nothing to know', () => {
  expect(read(['Host', 'h', 'Accept', '*/*', 'User-Agent', 'u', 'Connection', 'close'])).toEqual({
    peer: undefined,
    expectedTimeout: undefined,
    grpcTimeout: undefined,
    isGrpc: false,
    hasReserved: false,
    carried: [],
    trace: [],
  })
})

test('names count in any case, and repeated headers follow as often as they came', () => {
  expect(
    read([
      'X-CANARY',
      'a',
      'x-canary',
      'b',
      'X-Request-Id',
      'r',
      'TraceParent',
      't',
      'Baggage',
      'k=1',
      'X-Weft-Peer',
      'p',
      'X-Envoy-Expected-Rq-Timeout-Ms',
      '5',
      'Grpc-Timeout',
      '1S',
      'Content-Type',
      'application/grpc',
      'host',
      'h',
    ]),
  ).toEqual({
    peer: 'p',
    expectedTimeout: '5',
    grpcTimeout: '1S',
    isGrpc: true,
    hasReserved: true,
    carried: ['x-canary', 'a', 'x-canary', 'b', 'x-request-id', 'r'],
    trace: ['traceparent', 't', 'baggage', 'k=1'],
  })
})

test('headers that belong to one message or connection are not carried on, and are named', () => {
  expect(notPropagated(['x-user', 'Host', 'content-length', 'x-request-id'])).toEqual(['Host', 'content-length'])
  expect(read(['host', 'a', 'content-length', '3']).carried).toEqual([])
})

test('reserved is what begins with x-weft-, in any case, and nothing else', () => {
  const name = fc.oneof(
    fc.stringMatching(/^[xX][-_]?[wW]?[eE]?[fF]?[tT]?-?[a-zA-Z-]{0,8}$/),
    fc.stringMatching(/^[xX]-[wW][eE][fF][tT]-[a-zA-Z-]{0,8}$/),
    fc.string(),
  )
  fc.assert(
    fc.property(name, (text) => {
      expect(isReservedHeader(text)).toBe(/^x-weft-/i.test(text))
      expect(read([text, 'v']).hasReserved).toBe(/^x-weft-/i.test(text))
    }),
  )
})

const vectors = readVectors<{ content_type_is_grpc: readonly [string, boolean][] }>('algorithms/grpc-status.json')

describe.skipIf(vectors === undefined)(vectorTitle('gRPC content types', vectors), () => {
  test.each(vectors?.content_type_is_grpc ?? [])('%s: %s', (value, isGrpc) => {
    expect(isGrpcContentType(value)).toBe(isGrpc)
  })
})
