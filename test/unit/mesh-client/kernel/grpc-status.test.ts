import { GRPC_STATUS, grpcStatusName, grpcStatusNumber } from '@weft/mesh-protocol'
import { expect, test } from 'vitest'
import {
  grpcStatusIn,
  grpcStatusOf,
  grpcStatusOfHttp,
  grpcStatusOfReset,
  grpcToHttpStatus,
  INVALID_CODE,
  parseGrpcStatus,
} from '../../../../packages/mesh-client/src/kernel/grpc-status.ts'

test('names and numbers lead to each other', () => {
  for (const [name, code] of Object.entries(GRPC_STATUS)) {
    expect([grpcStatusName(code), grpcStatusNumber(name)]).toEqual([name, code])
  }
  expect([grpcStatusName(17), grpcStatusName(-1), grpcStatusNumber('ok'), grpcStatusNumber('toString')]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})

test('without an answer there is no status', () => {
  expect([grpcStatusOfHttp(0), grpcStatusOfHttp(200)]).toEqual(['', '2'])
})

test.each([
  [undefined, undefined],
  ['', undefined],
  ['0', 0],
  ['00', 0],
  ['16', 16],
  [' 5 ', 5],
  ['17', INVALID_CODE],
  ['1e1', INVALID_CODE],
  ['0x1', INVALID_CODE],
  ['1.0', INVALID_CODE],
  ['-0', INVALID_CODE],
  ['99999999999999999999', INVALID_CODE],
  ['OK', INVALID_CODE],
])('grpc-status %j is %j', (value, code) => {
  expect(parseGrpcStatus(value)).toBe(code)
})

test('an empty value says nothing, and one that is no status says more than the headers', () => {
  expect(grpcStatusOf({ 'grpc-status': '' }, grpcStatusIn({ 'grpc-status': ['7', '0'] }), 200)).toBe(
    GRPC_STATUS.PERMISSION_DENIED,
  )
  expect(grpcStatusOf({ 'grpc-status': 'x' }, grpcStatusIn({ 'grpc-status': '7' }), 200)).toBe(INVALID_CODE)
  expect(grpcToHttpStatus(INVALID_CODE)).toBe(500)
})

test('resets have the status that grpc-js gives them', () => {
  const statuses = Array.from({ length: 14 }, (_, code) => grpcStatusName(grpcStatusOfReset(code)))
  expect(statuses).toEqual([
    ...Array.from({ length: 7 }, () => 'INTERNAL'),
    'UNAVAILABLE',
    'CANCELLED',
    'INTERNAL',
    'INTERNAL',
    'RESOURCE_EXHAUSTED',
    'PERMISSION_DENIED',
    'INTERNAL',
  ])
})
