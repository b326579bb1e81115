import type { CorsPolicy, Violation } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { type CorsVerdict, compileCors, judgeCors } from '../../../../packages/mesh-client/src/inbound/cors.ts'

const POLICY: CorsPolicy = {
  allowOrigins: [{ exact: 'https://a.example' }, { prefix: 'https://b.' }, { regex: 'https://[a-z]+\\.c\\.example' }],
  allowMethods: ['GET', 'PUT'],
  allowHeaders: ['x-a', 'x-b'],
  exposeHeaders: ['x-c'],
  maxAgeMs: 86_400_000,
  allowCredentials: true,
  forwardNotMatchingPreflights: true,
}

function judge(policy: Partial<CorsPolicy>, method: string, headers: Record<string, string>): CorsVerdict {
  const violations: Violation[] = []
  const cors = compileCors({ ...POLICY, ...policy }, 'cors', violations)
  expect(violations).toEqual([])
  return judgeCors(cors, { method, scheme: 'http', authority: 'a', path: '/', header: (name) => headers[name] })
}

const PREFLIGHT = { 'access-control-request-method': 'PUT' }
const A = { origin: 'https://a.example' }

describe('a preflight', () => {
  test('of an origin that is allowed is answered', () => {
    expect(judge({}, 'OPTIONS', { ...A, ...PREFLIGHT })).toEqual({
      kind: 'answer',
      headers: [
        ...['access-control-allow-origin', 'https://a.example', 'access-control-allow-credentials', 'true'],
        ...['access-control-expose-headers', 'x-c'],
        ...['access-control-allow-methods', 'GET,PUT', 'access-control-allow-headers', 'x-a,x-b'],
        ...['access-control-max-age', '86400', 'vary', 'Origin'],
      ],
    })
  })

  test('that will send credentials is told what it asks for where anything is allowed', () => {
    const asked = { ...PREFLIGHT, 'access-control-request-headers': 'x-1, x-2' }
    const any = { allowMethods: ['*'], allowHeaders: ['*'] }
    const told = (policy: Partial<CorsPolicy>, headers: Record<string, string>): readonly string[] => {
      const verdict = judge({ ...any, ...policy }, 'OPTIONS', { ...A, ...headers })
      return verdict.kind === 'answer' ? verdict.headers : []
    }
    const named = ['access-control-allow-methods', 'PUT', 'access-control-allow-headers', 'x-1, x-2']
    expect(told({}, asked)).toEqual(expect.arrayContaining(named))
    expect(told({}, PREFLIGHT)).not.toContain('access-control-allow-headers')
    expect(told({ allowCredentials: false }, asked)).toEqual(expect.arrayContaining(['*']))
    expect(told({ allowCredentials: false }, asked)).not.toContain('PUT')
  })

  test('is told of nothing that the policy does not name', () => {
    const least = { allowOrigins: [{ exact: '*' }], forwardNotMatchingPreflights: true }
    const cors = compileCors(least, '', [])
    const header = (name: string): string | undefined => ({ origin: 'null', ...PREFLIGHT })[name]
    expect(judgeCors(cors, { method: 'OPTIONS', scheme: 'http', authority: '', path: '/', header })).toEqual({
      kind: 'answer',
      headers: ['access-control-allow-origin', 'null', 'vary', 'Origin'],
    })
  })

  test.each<[string, Partial<CorsPolicy>, CorsVerdict['kind']]>([
    ['goes on to the application', {}, 'pass'],
    ['is answered without permission', { forwardNotMatchingPreflights: false }, 'answer'],
  ])('of another origin %s', (_, policy, kind) => {
    const verdict = judge(policy, 'OPTIONS', { origin: 'https://evil.example', ...PREFLIGHT })
    expect(verdict.kind).toBe(kind)
    if (verdict.kind === 'answer') expect(verdict.headers).toEqual(['vary', 'Origin'])
  })
})

describe('any other request', () => {
  test.each<[string, string, Record<string, string>, CorsVerdict['kind']]>([
    ['without an origin', 'GET', {}, 'pass'],
    ['with an empty origin', 'GET', { origin: '' }, 'pass'],
    ['of an exact origin', 'GET', A, 'allow'],
    ['of an origin with the prefix', 'GET', { origin: 'https://b.anything' }, 'allow'],
    ['of an origin of the regex', 'POST', { origin: 'https://x.c.example' }, 'allow'],
    ['of an origin that holds one', 'GET', { origin: 'https://a.example.evil' }, 'pass'],
    ['an OPTIONS that is no preflight', 'OPTIONS', A, 'allow'],
    ['a GET that names a method', 'GET', { ...A, ...PREFLIGHT }, 'allow'],
  ])('%s', (_, method, headers, kind) => {
    expect(judge({}, method, headers).kind).toBe(kind)
  })

  test('is answered for its origin', () => {
    expect(judge({}, 'GET', A)).toEqual({
      kind: 'allow',
      headers: [
        ...['access-control-allow-origin', 'https://a.example', 'access-control-allow-credentials', 'true'],
        ...['access-control-expose-headers', 'x-c'],
      ],
    })
  })
})

test('an origin that cannot be compiled is reported', () => {
  const violations: Violation[] = []
  compileCors({ ...POLICY, allowOrigins: [{ exact: 'a' }, { regex: '(' }] }, 'routes[0].cors', violations)
  expect(violations.map(({ field }) => field)).toEqual(['routes[0].cors.allowOrigins[1].regex'])
})
