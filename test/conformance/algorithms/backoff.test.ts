import { DEFAULT_RETRY_POLICY, type RetryPolicy } from '@weft/mesh-protocol'
import { expect } from 'vitest'
import { pauseDelay, RetryBackOff, requestedPause } from '../../../packages/mesh-client/src/call/retry-back-off.ts'
import { fullJitterDelay } from '../../../packages/mesh-client/src/kernel/backoff.ts'
import { readVectors } from '../../support/vectors.ts'
import { type AlgorithmRow, algorithmSuite, drawing } from './algorithm-suite.ts'

interface Schedule {
  readonly name: string
  readonly base_ms: number
  readonly max_ms: number
  readonly random: readonly number[]
  readonly delays_ms: readonly number[]
}

interface Reset {
  readonly response: Readonly<Record<string, string>>
  readonly ms: number | string | null
}

interface Step {
  readonly retry_after_s?: number
  readonly random: number
  readonly delay_ms: number
}

interface Vectors {
  readonly envoy: readonly Schedule[]
  readonly rate_limited: readonly { readonly min_ms: number; readonly random: number; readonly delay_ms: number }[]
  readonly reset_header_parse: {
    readonly max_interval_ms: number
    readonly headers_order: readonly (readonly [string, 'SECONDS' | 'UNIX_TIMESTAMP'])[]
    readonly now_unix: number
    readonly rows: readonly Reset[]
  }
  readonly mixed_sequence: { readonly origin: string; readonly steps: readonly Step[] }
  readonly linkerd: readonly object[]
  readonly grpc: readonly object[]
}

const vectors = readVectors<Vectors>('algorithms/backoff.json')

algorithmSuite('backoff', 'Pauses before retries: Envoy’s schedule, and what an upstream asks for.', vectors, () => {
  const { envoy, rate_limited, reset_header_parse: parse, mixed_sequence: mixed, linkerd, grpc } = vectors as Vectors
  return [
    ...envoy.map((row) => ({ name: row.name, check: () => checkSchedule(row) })),
    ...rate_limited.map(({ min_ms: min, random, delay_ms: delay }) => ({
      name: `rate limited, ${min} ms, ${random} drawn`,
      check: () => expect(pauseDelay(min, drawing(random, min >> 1))).toBe(delay),
    })),
    ...parse.rows.map((row) => ({
      name: `reset headers ${JSON.stringify(row.response)}`,
      check: () => checkReset(row, parse),
    })),
    { name: mixed.origin, check: () => checkSequence(mixed.steps) },
    ...linkerd.map((row) => ({
      name: `linkerd ${JSON.stringify(row)}`,
      notApplicable: 'is Linkerd’s schedule, where Weft has Envoy’s',
    })),
    ...grpc.map((row) => ({
      name: `gRPC ${JSON.stringify(row)}`,
      notApplicable:
        'is of gRPC’s service config: calls of gRPC in the mesh have the pauses of its policy, which are Envoy’s',
    })),
  ] satisfies AlgorithmRow[]
})

function checkSchedule({ base_ms: base, max_ms: max, random, delays_ms: delays }: Schedule): void {
  const schedule = { baseIntervalMs: base, maxIntervalMs: max }
  const found = random.map((drawn, index) => {
    const bound = fullJitterDelay(schedule, index + 1, { next: () => 1 - Number.EPSILON }) + 1
    return fullJitterDelay(schedule, index + 1, drawing(drawn, bound))
  })
  expect(found).toEqual(delays)
}

function checkReset({ response, ms }: Reset, parse: Vectors['reset_header_parse']): void {
  const resetHeaders = parse.headers_order.map(([name, format]) => ({ name: name.toLowerCase(), format }))
  const policy: RetryPolicy = {
    ...DEFAULT_RETRY_POLICY,
    rateLimitedRetryBackOff: { resetHeaders, maxIntervalMs: parse.max_interval_ms },
  }
  const pause = requestedPause(policy, (name) => response[name], parse.now_unix * 1_000)
  // In words: the header is not looked at.
  expect(pause).toBe(typeof ms === 'number' ? ms : undefined)
}

function checkSequence(steps: readonly Step[]): void {
  const policy: RetryPolicy = {
    ...DEFAULT_RETRY_POLICY,
    rateLimitedRetryBackOff: {
      resetHeaders: [{ name: 'retry-after', format: 'SECONDS' }],
      maxIntervalMs: 300_000,
    },
  }
  let draw = drawing(0, 1)
  const backOff = new RetryBackOff(policy, { next: () => draw.next() })
  let scheduled = 0
  for (const { retry_after_s: seconds, random, delay_ms: delay } of steps) {
    const header = (name: string): string | undefined =>
      name === 'retry-after' && seconds !== undefined ? String(seconds) : undefined
    const pause = requestedPause(policy, header, 0)
    draw = drawing(random, pause === undefined ? Math.min(25 * 2 ** scheduled++, 250) : pause >> 1)
    expect(backOff.next(pause)).toBe(delay)
  }
}
