import { describe, expect, test } from 'vitest'
import { classifyError, withCause } from '../../../../../packages/mesh-client/src/http/outbound/transport-errors.ts'
import { MeshError } from '../../../../../packages/mesh-client/src/kernel/errors.ts'

const coded = (code: string): Error => Object.assign(new Error(code), { code })
const account = new MeshError('WEFT_UPSTREAM_RESET', 'the account')

describe('errors of the transport', () => {
  test.each([
    ['ECONNREFUSED', false, { kind: 'connectFailure', refused: true }],
    ['EHOSTUNREACH', false, { kind: 'connectFailure', refused: false }],
    ['UND_ERR_CONNECT_TIMEOUT', false, { kind: 'connectFailure', refused: false }],
    ['ECONNRESET', true, { kind: 'reset' }],
    ['UND_ERR_SOCKET', true, { kind: 'reset' }],
    ['UND_ERR_HEADERS_TIMEOUT', true, { kind: 'timeout' }],
  ])('%s, started %j', (code, started, outcome) => {
    expect(classifyError(coded(code), started)).toEqual(outcome)
  })

  test('the account goes to the end of the causes, and the error stays what it was', () => {
    const inner = coded('ECONNRESET')
    const outer = Object.assign(new Error('outer', { cause: inner }), { code: 'UND_ERR_SOCKET' })
    expect(withCause(outer, account)).toBe(outer)
    expect(inner.cause).toBe(account)
    expect(Object.keys(inner)).not.toContain('cause')
  })

  test('an error that several calls share keeps the first account', () => {
    const shared = coded('ECONNREFUSED')
    withCause(shared, account)
    withCause(shared, new MeshError('WEFT_UPSTREAM_RESET', 'another'))
    expect(shared.cause).toBe(account)
  })

  test('what cannot be changed, goes round in circles or is no error does no harm', () => {
    const frozen = Object.freeze(coded('X'))
    expect(withCause(frozen, account)).toBe(frozen)
    const circle = coded('X')
    circle.cause = circle
    expect(withCause(circle, account)).toBe(circle)
    expect(withCause('text', account)).toBe(account)
  })
})
