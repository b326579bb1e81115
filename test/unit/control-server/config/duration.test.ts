import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDuration, parseDurationNanoseconds } from '../../../../packages/control-server/src/config/duration.ts'

describe('durations', () => {
  test.each([
    ['0', 0],
    ['0s', 0],
    ['300ms', 300],
    ['1.5s', 1500],
    ['1h30m', 5_400_000],
    ['1h1m1s1ms', 3_661_001],
    ['.5s', 500],
    ['1.s', 1000],
    ['-1.5s', -1500],
    ['+2s', 2000],
    ['500us', 0.5],
    ['500µs', 0.5],
    ['500μs', 0.5],
    ['1s1s', 2000],
    ['2.000000001s', 2000.000001],
    ['1.9ns', 0.000001],
    ['2540400h', 9_145_440_000_000],
  ])('%s', (text, expected) => {
    expect(parseDuration(text)).toEqual({ ok: true, value: expected })
  })

  test.each([
    '',
    '1',
    '-',
    '+',
    's',
    '.s',
    '1 s',
    '1d',
    '1S',
    '1s ',
    '1e3s',
    '--1s',
    '1h-1m',
    '3000000h',
    `1${'0'.repeat(200)}s`,
  ])('refuses %j', (text) => {
    const parsed = parseDuration(text)
    expect(parsed.ok || parsed.error).toMatch(/is not a duration: write a number with a unit/)
  })

  test('what is written from hours, minutes, seconds and nanoseconds is read back exactly', () => {
    const part = fc.nat({ max: 9999 })
    fc.assert(
      fc.property(part, part, part, fc.nat({ max: 999_999_999 }), (h, m, s, ns) => {
        const parsed = parseDurationNanoseconds(`${h}h${m}m${s}.${String(ns).padStart(9, '0')}s`)
        const expected = BigInt(h * 3600 + m * 60 + s) * 1_000_000_000n + BigInt(ns)
        expect(parsed).toEqual({ ok: true, value: expected })
      }),
    )
  })
})
