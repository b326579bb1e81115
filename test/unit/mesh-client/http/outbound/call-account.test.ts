import { describe, expect, test } from 'vitest'
import { accountOf } from '../../../../../packages/mesh-client/src/http/outbound/call-account.ts'

const FACTS = { service: 'reviews', route: 'default', endpoint: '10.0.0.1:80', attempts: 2, flags: ['UC'] as const }

describe('the account of a call that failed below the mesh', () => {
  test('says where, how often and why', () => {
    const account = accountOf('WEFT_UPSTREAM_RESET', FACTS, new Error('other side closed'))
    expect(account.message).toMatch(/^reviews: other side closed after 2 attempts, last at 10\.0\.0\.1:80\. /)
    expect(account).toMatchObject({ ...FACTS, retryable: true })
  })

  test.each([
    ['a connection that broke', { code: 'UND_ERR_SOCKET' }, /closed the connection; look into its log/],
    ['what is no HTTP', { name: 'HTTPParserError' }, /does not answer in proper HTTP.*appProtocol/],
    ['a length that is a lie', { code: 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' }, /does not answer in proper HTTP/],
    ['too many headers', { code: 'UND_ERR_HEADERS_OVERFLOW' }, /--max-http-header-size/],
    ['the caller’s own limit', { code: 'UND_ERR_HEADERS_TIMEOUT' }, /set headersTimeout or bodyTimeout higher/],
  ])('tells what to do about %s', (_what, own, advice) => {
    expect(accountOf('WEFT_UPSTREAM_RESET', FACTS, Object.assign(new Error('why'), own)).message).toMatch(advice)
  })

  test('has advice without an error, and for other codes', () => {
    expect(accountOf('WEFT_DEADLINE_EXCEEDED', FACTS, undefined).message).toMatch(/the response was cut off after 2/)
    const lost = accountOf(
      'WEFT_BODY_NOT_REPLAYABLE',
      FACTS,
      Object.assign(new Error('x'), { name: 'HTTPParserError' }),
    )
    expect(lost.message).toMatch(/Give the body as a string or Buffer/)
  })
})
