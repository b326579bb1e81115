import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  believedRoots,
  nextRootId,
  parseRotation,
  phaseEndsAtMs,
  type Rotation,
  type RotationEvent,
  rotate,
  rotationLimits,
  signingRoot,
} from '../../../../packages/control-server/src/ca/rotation.ts'

const TTL_MS = 60_000
const limits = rotationLimits(TTL_MS)
const stable: Rotation = { phase: 'stable', root: 'root-1' }
const start: RotationEvent = { type: 'start', next: 'root-2' }
const tick = (isKnown = true, lastEndsMs = 0): RotationEvent => ({ type: 'tick', isKnown, lastEndsMs })

describe('a change of the root', () => {
  test('makes the new root known before it signs, and believes the old one until the last of its certificates has ended', () => {
    const introducing = rotate(stable, start, 1_000, limits)
    expect([believedRoots(introducing), signingRoot(introducing)]).toEqual([['root-1', 'root-2'], 'root-1'])
    expect(rotate(introducing, tick(), 15_999, limits)).toBe(introducing)
    const retiring = rotate(introducing, tick(), 16_000, limits)
    expect([believedRoots(retiring), signingRoot(retiring)]).toEqual([['root-1', 'root-2'], 'root-2'])
    expect(rotate(retiring, tick(), 75_999, limits)).toBe(retiring)
    expect(rotate(retiring, tick(), 76_000, limits)).toEqual({ phase: 'stable', root: 'root-2' })
  })

  test('waits for a client that has not confirmed the bundle, but not for ever', () => {
    const introducing = rotate(stable, start, 0, limits)
    expect(rotate(introducing, tick(false), TTL_MS - 1, limits)).toBe(introducing)
    expect(rotate(introducing, tick(false), TTL_MS, limits).phase).toBe('retiring')
  })

  test('keeps the old root for certificates that were given longer lives before', () => {
    const introducing = rotate(stable, start, 0, limits)
    const retiring = rotate(introducing, tick(true, 86_400_000), 20_000, limits)
    expect(phaseEndsAtMs(retiring, limits)).toBe(86_400_000)
    expect(rotate(retiring, tick(), 86_399_999, limits)).toBe(retiring)
  })

  test('is not held up for years by a clock that was ahead when it began and is put right', () => {
    const YEAR_MS = 365 * 86_400_000
    const introducing = rotate(rotate(stable, start, YEAR_MS, limits), tick(), 1_000, limits)
    expect(rotate(introducing, tick(), 15_999, limits)).toBe(introducing)
    expect(rotate(introducing, tick(), 16_000, limits).phase).toBe('retiring')
    const ahead = rotate(rotate(stable, start, YEAR_MS, limits), tick(), YEAR_MS + 20_000, limits)
    const retiring = rotate(ahead, tick(true, YEAR_MS + TTL_MS), 1_000, limits)
    expect([retiring.phase, phaseEndsAtMs(retiring, limits)]).toEqual(['retiring', 1_000 + 2 * TTL_MS])
    expect(rotate(retiring, tick(), 1_000 + 2 * TTL_MS, limits)).toEqual({ phase: 'stable', root: 'root-2' })
  })

  test('lasts no shorter for a clock that is put back a little', () => {
    const retiring = rotate(rotate(stable, start, 100_000, limits), tick(), 120_000, limits)
    expect(rotate(retiring, tick(), 110_000, limits)).toBe(retiring)
  })

  test('does not begin while another is under way', () => {
    const introducing = rotate(stable, start, 0, limits)
    expect(rotate(introducing, { type: 'start', next: 'root-3' }, 1, limits)).toBe(introducing)
  })
})

/** Steps of time, with what clients have confirmed, starts, and certificates that are given out in between. */
const steps = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 0, max: 2 * TTL_MS }),
    isKnown: fc.boolean(),
    starts: fc.boolean(),
    issues: fc.boolean(),
    lifeMs: fc.integer({ min: 1, max: TTL_MS }),
  }),
  { maxLength: 60 },
)

test('whatever happens, whoever signs has been believed before, and whatever is good leads to a root that is believed', () => {
  fc.assert(
    fc.property(steps, (happenings) => {
      let state: Rotation = { phase: 'stable', root: 'root-1' }
      let now = 0
      let made = 1
      const believedSince = new Map([['root-1', Number.NEGATIVE_INFINITY]])
      const issued: { readonly root: string; readonly endsMs: number }[] = []
      for (const { afterMs, isKnown, starts, issues, lifeMs } of happenings) {
        now += afterMs
        const before = state
        const lastEndsMs = Math.max(0, ...issued.map(({ endsMs }) => endsMs))
        if (starts && state.phase === 'stable') {
          state = rotate(state, { type: 'start', next: `root-${++made}` }, now, limits)
        }
        state = rotate(state, tick(isKnown, lastEndsMs), now, limits)
        for (const root of believedRoots(state)) if (!believedSince.has(root)) believedSince.set(root, now)

        expect(believedRoots(state).length).toBeLessThanOrEqual(2)
        expect(believedRoots(state)).toContain(signingRoot(state))
        if (signingRoot(state) !== signingRoot(before)) {
          expect(now - (believedSince.get(signingRoot(state)) as number)).toBeGreaterThanOrEqual(
            limits.minIntroductionMs,
          )
        }
        if (issues) issued.push({ root: signingRoot(state), endsMs: now + lifeMs })
        for (const { root, endsMs } of issued) if (endsMs > now) expect(believedRoots(state)).toContain(root)
        expect(parseRotation(JSON.parse(JSON.stringify(state)))).toEqual(state)
      }
    }),
  )
})

test('what is kept is read again, and nothing else', () => {
  const kept: readonly unknown[] = [
    stable,
    { phase: 'introducing', old: 'root-1', next: 'root-2', sinceMs: 5 },
    { phase: 'retiring', old: 'root-1', next: 'root-2', sinceMs: 5, untilMs: 6 },
  ]
  for (const state of kept) expect(parseRotation(state)).toEqual(state)
  const others: readonly unknown[] = [
    undefined,
    null,
    'stable',
    {},
    { phase: 'stable' },
    { phase: 'stable', root: '../../etc/passwd' },
    { phase: 'introducing', old: 'root-1', next: 'root-1', sinceMs: 5 },
    { phase: 'retiring', old: 'root-1', next: 'root-2', sinceMs: 5 },
    { phase: 'gone', root: 'root-1' },
  ]
  for (const state of others) expect(parseRotation(state)).toBeUndefined()
})

test('names of roots are never given twice', () => {
  expect(nextRootId([])).toBe('root-1')
  expect(nextRootId(['root-2', 'rotation.json', 'root-10'])).toBe('root-11')
})

test('a short life makes a short introduction', () => {
  expect(rotationLimits(10_000)).toEqual({
    minIntroductionMs: 2_500,
    maxIntroductionMs: 10_000,
    certificateTtlMs: 10_000,
  })
  expect(rotationLimits(86_400_000).minIntroductionMs).toBe(15_000)
})
