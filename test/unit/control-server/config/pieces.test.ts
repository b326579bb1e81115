import { isIpAddress } from '@weft/mesh-protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isHostSubset } from '../../../../packages/control-server/src/config/host-name.ts'
import { HostSet } from '../../../../packages/control-server/src/config/host-set.ts'
import { isSubnet } from '../../../../packages/control-server/src/config/validate/addresses.ts'
import {
  emptyVariables,
  headerFormatProblem,
} from '../../../../packages/control-server/src/config/validate/header-format.ts'
import { createRegexCheck, estimateProgramSize } from '../../../../packages/control-server/src/config/validate/regex.ts'

describe('values of headers', () => {
  test.each([
    '',
    'a b',
    '100%%',
    '%HOSTNAME%',
    'a %REQ(x-y?z)% b',
    '%START_TIME(%s)%',
    '%X(["a", "b"])%',
    '%X( [ "a" ] ) %',
    '%X(a\\)b)%',
    '\t',
  ])('takes %j', (value) => {
    expect(headerFormatProblem(value)).toBeUndefined()
  })

  test.each([
    '%',
    'a%',
    '%a',
    '%START_TIME%%',
    '%X(a%',
    '%X(["a" "b"])%',
    '%X([a])%',
    '%X(a)b%',
    '\u0001',
    'a\rb',
    '日',
  ])('refuses %j', (value) => {
    expect(headerFormatProblem(value)).toBeDefined()
  })
})

test('variables that no client fills in are told, each side having its own', () => {
  const value = '100%% %REQ(x?y)%%RESP(z)%%START_TIME(%s)%'
  expect(emptyVariables(value, 'request')).toEqual(['%RESP(z)%', '%START_TIME(%s)%'])
  expect(emptyVariables(value, 'response')).toEqual(['%REQ(x?y)%', '%START_TIME(%s)%'])
  expect(emptyVariables('%REQ(:authority)% %REQ(x?:PATH)% %REQ(:scheme)%', 'request')).toEqual(['%REQ(:scheme)%'])
})

describe('addresses', () => {
  test.each([
    '0.0.0.0',
    '255.255.255.255',
    '::',
    '::1',
    '1::',
    '2001:db8:0:0:0:0:0:1',
    '::ffff:1.2.3.4',
    '1:2:3:4:5:6:1.2.3.4',
    'fe80::1%eth0',
  ])('%s is one', (text) => {
    expect(isIpAddress(text)).toBe(true)
  })

  test.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    ':',
    ':::',
    '1:2:3',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    'g::',
    '::1%',
    '1.2.3.4:80',
    '::1.2.3',
  ])('%j is none', (text) => {
    expect(isIpAddress(text)).toBe(false)
  })

  test.each([
    ['10.0.0.0/8', true],
    ['10.0.0.0/33', false],
    ['10.0.0.0/08', false],
    ['::/128', true],
    ['::/129', false],
    ['fe80::1%eth0/64', false],
    ['10.0.0.0/8/8', false],
    ['10.0.0.1', true],
  ])('%s as a subnet: %s', (text, expected) => {
    expect(isSubnet(text)).toBe(expected)
  })
})

describe('regexes', () => {
  test.each(['/a/.*', '^(a|b)?$', '[]x]', '\\d{3}-\\p{Greek}', '(?i)a', '[[:alpha:]]', 'x{0,100}'])(
    'takes %s',
    (pattern) => {
      expect(createRegexCheck()(pattern)).toBeUndefined()
    },
  )

  test.each([
    ['', 'must not be an empty regex'],
    ['*', 'for anything write .*'],
    ['a(?=b)', 'no look-ahead'],
    ['(?<!a)b', 'no look-behind'],
    ['(a)\\1', 'no back-references'],
    ['[a', 'missing closing ]'],
    ['a'.repeat(1025), 'is too long'],
    ['\\pL{1000}'.repeat(90), 'too large'],
    ['((a{100}){100}){10}', 'too large'],
  ])('refuses %s', (pattern, expected) => {
    expect(createRegexCheck()(pattern)).toContain(expected)
  })

  test('together they have a budget, and the same one counts once', () => {
    const check = createRegexCheck()
    const large = (index: number): string => `${index}a{900}b{900}`
    const verdicts = Array.from({ length: 80 }, (_, index) => check(large(index)))
    expect(verdicts.slice(0, 50)).toEqual(Array(50).fill(undefined))
    expect(verdicts.at(-1)).toContain('together too large')
    expect(check(large(0))).toBeUndefined()
  })

  test.each([
    ['abc', 3],
    ['a{5}', 5],
    ['(ab){10}', 30],
    ['[a-z]{3,7}', 7],
    ['a{2,}', 2],
    ['\\d\\{3}', 4],
    ['((a{3}){2})', 9],
  ])('the size of %s is about %i', (pattern, size) => {
    expect(estimateProgramSize(pattern)).toBe(size)
  })
})

test('a set of hosts covers what one of them covers', () => {
  const label = fc.constantFrom('', '*', 'a', 'b', 'ab')
  const host = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'))
  fc.assert(
    fc.property(fc.array(host, { maxLength: 5 }), host, (hosts, asked) => {
      expect(new HostSet(hosts).covers(asked)).toBe(hosts.some((known) => isHostSubset(asked, known)))
    }),
    { numRuns: 500 },
  )
})
