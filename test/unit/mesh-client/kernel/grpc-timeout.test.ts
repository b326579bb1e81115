import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isGrpcContentType } from '../../../../packages/mesh-client/src/kernel/grpc-content-type.ts'
import { formatGrpcTimeout, parseGrpcTimeout } from '../../../../packages/mesh-client/src/kernel/grpc-timeout.ts'

describe('grpc-timeout', () => {
  test.each<[string, number | undefined]>([
    ['0n', 0],
    ['1n', 1],
    ['1000000n', 1],
    ['1000001n', 2],
    ['999u', 1],
    ['1001u', 2],
    ['1m', 1],
    ['2S', 2_000],
    ['2M', 120_000],
    ['2H', 7_200_000],
    ['00000001S', 1_000],
    ['99999999H', 359_999_996_400_000],
    ['+5m', 5],
    ['000000001S', undefined],
    ['5', undefined],
    ['S', undefined],
    ['5s', undefined],
    ['-5m', undefined],
    ['5 m', undefined],
    ['1.5S', undefined],
    ['5mm', undefined],
    ['', undefined],
  ])('%s', (text, ms) => {
    expect(parseGrpcTimeout(text)).toBe(ms)
  })

  test.each<[number, string]>([
    [0, '0m'],
    [1.9, '1m'],
    [99_999_999, '99999999m'],
    [100_000_000, '100000S'],
    [100_000_999, '100000S'],
    [99_999_999_999, '99999999S'],
    [100_000_000_000, '1666666M'],
    [Number.MAX_VALUE, '99999999H'],
  ])('%d ms are %s', (ms, text) => {
    expect(formatGrpcTimeout(ms)).toBe(text)
  })

  test('is never told longer than it is, and no more than a unit shorter', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (ms) => {
        const read = parseGrpcTimeout(formatGrpcTimeout(ms)) ?? Number.NaN
        expect(read).toBeLessThanOrEqual(ms)
        expect(read).toBeGreaterThan(Math.min(ms, 99_999_999 * 3_600_000) * 0.9999 - 1)
      }),
    )
  })
})

test.each([
  ['application/grpc', true],
  ['Application/gRPC+proto', true],
  ['application/grpc+', true],
  ['application/grpc;charset=utf-8', true],
  ['application/grpc-web', false],
  ['application/grpc-web+proto', false],
  ['application/grpcx', false],
  ['application/json', false],
  ['', false],
])('%s is of gRPC: %s', (type, isGrpc) => {
  expect(isGrpcContentType(type)).toBe(isGrpc)
})
