import { describe, expect, test } from 'vitest'
import { accountIn, statusOfFailure } from '../../../../../packages/mesh-client/src/grpc/wire/failure-status.ts'
import {
  statusOfHeaders,
  statusOfHttp,
  statusOfNothing,
} from '../../../../../packages/mesh-client/src/grpc/wire/stream-status.ts'
import { worthWaiting } from '../../../../../packages/mesh-client/src/grpc/wire/waitable.ts'
import { MeshError, type MeshErrorCode } from '../../../../../packages/mesh-client/src/kernel/errors.ts'

describe('the status of a response', () => {
  test.each([
    [{ 'grpc-status': '0' }, 0, ''],
    [{ 'grpc-status': '5', 'grpc-message': 'no such thing' }, 5, 'no such thing'],
    [{ 'grpc-status': '13', 'grpc-message': 'caf%C3%A9' }, 13, 'café'],
    [{ 'grpc-status': '13', 'grpc-message': '100%' }, 13, '100%'],
    [{ 'grpc-status': ['7', '9'] as unknown as string }, 7, ''],
    [{}, 14, 'Received HTTP status code 503'],
  ])('%j', (headers, code, details) => {
    expect(statusOfHeaders(headers, 503)).toMatchObject({ code, details, headers })
  })

  test.each([
    [400, 13],
    [401, 16],
    [403, 7],
    [404, 12],
    [429, 14],
    [502, 14],
    [503, 14],
    [504, 14],
    [500, 2],
    [302, 2],
  ])('HTTP %d is %d', (http, code) => {
    expect(statusOfHttp(http)).toMatchObject({ code, details: `Received HTTP status code ${http}` })
    expect(statusOfNothing(http)).toMatchObject({ code })
  })

  test('without anything at all is an internal error', () => {
    expect(statusOfNothing(200)).toMatchObject({ code: 13 })
  })
})

const account = (code: MeshErrorCode): MeshError => new MeshError(code, `the account of ${code}`)

describe('the status of a failure', () => {
  test.each([
    ['WEFT_UPSTREAM_CONNECT_FAILURE', 14],
    ['WEFT_UPSTREAM_RESET', 14],
    ['WEFT_DEADLINE_EXCEEDED', 4],
    ['WEFT_ABORTED', 1],
    ['WEFT_CLOSED', 14],
  ] as const)('of the mesh: %s is %d', (code, status) => {
    const error = new Error('connect ECONNREFUSED', { cause: account(code) })
    expect(statusOfFailure(error, undefined)).toMatchObject({ code: status, details: `the account of ${code}`, error })
    expect(accountIn(error)?.code).toBe(code)
  })

  test.each([
    [2, 13],
    [7, 14],
    [8, 1],
    [11, 8],
    [12, 7],
    [1, 13],
  ])('of RST_STREAM %d is %d', (rstCode, code) => {
    const error = new Error('reset', { cause: account('WEFT_UPSTREAM_RESET') })
    expect(statusOfFailure(error, rstCode)).toMatchObject({ code, rstCode })
  })

  test('of the caller is internal, and what it has given up is cancelled', () => {
    expect(statusOfFailure(new TypeError('invalid header'), undefined)).toMatchObject({ code: 13 })
    const aborted = Object.assign(new Error('left'), { code: 'UND_ERR_ABORTED' })
    expect(statusOfFailure(aborted, undefined)).toMatchObject({ code: 1 })
  })
})

describe('a call that may wait', () => {
  const refused = (code: string): Parameters<typeof worthWaiting>[0] => ({
    code: 14,
    details: '',
    headers: { 'x-weft-error': code },
    rstCode: undefined,
    error: undefined,
  })

  test.each([
    ['WEFT_NO_HEALTHY_UPSTREAM', 'served', true],
    ['WEFT_NO_CLUSTER', 'served', true],
    ['WEFT_UPSTREAM_CONNECT_FAILURE', 'served', true],
    ['WEFT_NO_ROUTE', 'absent', true],
    ['WEFT_NO_ROUTE', 'unserved', true],
    ['WEFT_NO_ROUTE', 'served', false],
    ['WEFT_UPSTREAM_OVERFLOW', 'served', false],
    ['WEFT_CIRCUIT_OPEN', 'served', false],
    ['WEFT_DEADLINE_EXCEEDED', 'served', false],
    ['WEFT_UPSTREAM_RESET', 'served', false],
  ] as const)('after %s of an origin that is %s: %j', (code, kind, waits) => {
    expect(worthWaiting(refused(code), kind)).toBe(waits)
    expect(worthWaiting(statusOfFailure(account(code), undefined), kind)).toBe(waits)
  })

  test('does not wait for what its server has answered', () => {
    expect(worthWaiting(statusOfHeaders({ 'grpc-status': '14' }, 200), 'absent')).toBe(false)
  })
})
