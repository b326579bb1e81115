import { DEFAULT_RETRY_POLICY, type RetryPolicy } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { pauseDelay, RetryBackOff, requestedPause } from '../../../../packages/mesh-client/src/call/retry-back-off.ts'
import { readVectors, vectorTitle } from '../../../support/vectors.ts'

interface Vectors {
  readonly rate_limited: readonly { readonly min_ms: number; readonly random: number; readonly delay_ms: number }[]
  readonly reset_header_parse: {
    readonly max_interval_ms: number
    readonly headers_order: readonly (readonly [string, 'SECONDS' | 'UNIX_TIMESTAMP'])[]
    readonly now_unix: number
    readonly rows: readonly {
      readonly response: Readonly<Record<string, string>>
      readonly ms: number | string | null
    }[]
  }
  readonly mixed_sequence: {
    readonly steps: readonly { readonly retry_after_s?: number; readonly random: number; readonly delay_ms: number }[]
  }
}

const vectors = readVectors<Vectors>('algorithms/backoff.json')

const parse = vectors?.reset_header_parse

const LOOKING: RetryPolicy = {
  ...DEFAULT_RETRY_POLICY,
  rateLimitedRetryBackOff: {
    resetHeaders: [
      { name: 'retry-after', format: 'SECONDS' },
      { name: 'x-ratelimit-reset', format: 'UNIX_TIMESTAMP' },
    ],
    maxIntervalMs: 300_000,
  },
}

/** Envoy takes a random whole number modulo the bound; ours is a share of it. */
function drawing(drawn: number, bound: number): { next(): number } {
  return { next: () => ((drawn % bound) + 0.5) / bound }
}

describe.skipIf(vectors === undefined)(vectorTitle('pauses that an upstream asks for', vectors), () => {
  test.each(vectors?.rate_limited ?? [])('$min_ms ms, $random drawn: $delay_ms', ({ min_ms, random, delay_ms }) => {
    expect(pauseDelay(min_ms, drawing(random, min_ms >> 1))).toBe(delay_ms)
  })

  test.each(parse?.rows ?? [])('$response', ({ response, ms }) => {
    const resetHeaders = (parse?.headers_order ?? []).map(([name, format]) => ({ name: name.toLowerCase(), format }))
    const policy = { ...LOOKING, rateLimitedRetryBackOff: { resetHeaders, maxIntervalMs: parse?.max_interval_ms ?? 0 } }
    const pause = requestedPause(policy, (name) => response[name], (parse?.now_unix ?? 0) * 1000)
    expect(pause).toBe(typeof ms === 'number' ? ms : undefined)
  })

  test('count once, and the schedule goes on where it was', () => {
    let drawn = 0
    let bound = 1
    const backOff = new RetryBackOff(LOOKING, { next: () => drawing(drawn, bound).next() })
    let scheduled = 0
    for (const { retry_after_s, random, delay_ms } of vectors?.mixed_sequence.steps ?? []) {
      const header = (name: string): string | undefined =>
        name === 'retry-after' && retry_after_s !== undefined ? String(retry_after_s) : undefined
      const pause = requestedPause(LOOKING, header, 0)
      drawn = random
      bound = pause === undefined ? Math.min(25 * 2 ** scheduled++, 250) : pause >> 1
      expect(backOff.next(pause)).toBe(delay_ms)
    }
  })
})

test.each([
  ['a date', { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }],
  ['a fraction', { 'retry-after': '1.5' }],
  ['less than nothing', { 'retry-after': '-3' }],
  ['a moment that has passed', { 'x-ratelimit-reset': '999' }],
  ['nothing', {}],
])('%s is no pause', (_name, response: Readonly<Record<string, string>>) => {
  expect(requestedPause(LOOKING, (name) => response[name], 1_000_000)).toBeUndefined()
})

test('a policy that does not look sees no pause', () => {
  expect(requestedPause(DEFAULT_RETRY_POLICY, () => '3', 0)).toBeUndefined()
})
