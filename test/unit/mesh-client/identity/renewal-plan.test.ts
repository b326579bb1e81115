import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  endOf,
  NO_CERTIFICATE,
  type RenewalEffect,
  type RenewalEvent,
  type RenewalState,
  stepRenewal,
} from '../../../../packages/mesh-client/src/identity/renewal-plan.ts'
import { type Random, seededRandom } from '../../../../packages/mesh-client/src/kernel/random.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** Draws the same each time. */
const always = (value: number): Random => ({ next: () => value })

interface Told {
  readonly at: number
  readonly effect: RenewalEffect
}

/** Plays a plan: time goes on by what it asks for, and `answer` says what comes of each request. */
class Play {
  readonly told: Told[] = []
  now = 0
  state: RenewalState = NO_CERTIFICATE
  readonly #random: Random
  #wakeAt = Number.POSITIVE_INFINITY

  constructor(random: Random) {
    this.#random = random
  }

  give(event: RenewalEvent): readonly RenewalEffect[] {
    const wasAsking = this.state.asking && event.kind !== 'granted' && event.kind !== 'failed'
    const { state, effects } = stepRenewal(this.state, event, this.now, this.#random)
    if (wasAsking) expect(effects).not.toContainEqual({ kind: 'ask' })
    this.state = state
    this.#wakeAt = Number.POSITIVE_INFINITY
    for (const effect of effects) {
      if (effect.kind === 'wake') this.#wakeAt = this.now + effect.delayMs
      this.told.push({ at: this.now, effect })
    }
    return effects
  }

  /** Until a moment; each request is answered at once. */
  until(end: number, answer: (now: number) => RenewalEvent): void {
    for (;;) {
      if (this.state.asking) this.give(answer(this.now))
      else if (this.#wakeAt > end) break
      else {
        this.now = Math.max(this.now, this.#wakeAt)
        this.give({ kind: 'tick' })
      }
    }
    this.now = end
  }

  times(kind: RenewalEffect['kind']): readonly number[] {
    return this.told.filter(({ effect }) => effect.kind === kind).map(({ at }) => at)
  }
}

const granted =
  (ttlMs: number) =>
  (now: number): RenewalEvent => ({ kind: 'granted', lifetime: { issuedAt: now, ttlMs } })
const unreachable = (): RenewalEvent => ({ kind: 'failed', reason: 'nobody there', refused: false })
const refused = (): RenewalEvent => ({ kind: 'failed', reason: 'no', refused: true })

describe('a certificate', () => {
  test('is asked for at the start', () => {
    const play = new Play(always(0.5))
    expect(play.give({ kind: 'start', held: undefined })).toEqual([{ kind: 'ask' }])
    expect(play.state.kind).toBe('pending')
  })

  test.each([
    [0, 0.45],
    [0.5, 0.5],
    [1, 0.55],
  ])('is renewed at half of its life, give or take a tenth (chance %d)', (chance, share) => {
    const play = new Play(always(chance))
    play.give({ kind: 'start', held: undefined })
    play.until(DAY_MS, granted(DAY_MS))
    expect(play.times('ask')[1]).toBeCloseTo(share * DAY_MS)
  })

  test('that was kept goes on where it was', () => {
    const play = new Play(always(0.5))
    play.now = HOUR_MS
    play.give({ kind: 'start', held: { issuedAt: HOUR_MS - 0.4 * DAY_MS, ttlMs: DAY_MS } })
    expect(play.state).toMatchObject({ kind: 'held', askAt: HOUR_MS + 0.1 * DAY_MS })
  })

  test('that was kept and is past its half is renewed at once', () => {
    const play = new Play(always(0.5))
    play.now = DAY_MS
    expect(play.give({ kind: 'start', held: { issuedAt: 0.3 * DAY_MS, ttlMs: DAY_MS } })).toContainEqual({
      kind: 'ask',
    })
  })
})

describe('while the control server is away for longer than the life', () => {
  const play = new Play(seededRandom(7))
  play.give({ kind: 'start', held: undefined })
  play.give(granted(DAY_MS)(0))
  play.until(2 * DAY_MS, unreachable)

  test('it is told in each quarter of what is left from three quarters on, and not with each try', () => {
    const shares = play.times('warn').map((at) => at / DAY_MS)
    expect(shares).toHaveLength(4)
    shares.forEach((share, index) => {
      expect(share).toBeGreaterThanOrEqual(0.75 + index * 0.0625)
      expect(share).toBeLessThan(0.75 + (index + 1) * 0.0625)
    })
    expect(play.times('ask').length).toBeGreaterThan(100)
  })

  test('it ends at its end and not before', () => {
    expect(play.times('expired')).toEqual([DAY_MS])
    expect(play.state.kind).toBe('expired')
  })

  test('no pause is longer than a minute, and afterwards none longer than 5 s', () => {
    const asks = play.times('ask')
    const pauses = asks.slice(1).map((at, index) => ({ at, pause: at - (asks[index] as number) }))
    const late = pauses.filter(({ at }) => at > 0.55 * DAY_MS)
    expect(Math.max(...late.map(({ pause }) => pause))).toBeLessThanOrEqual(60_000)
    expect(Math.max(...late.filter(({ at }) => at > DAY_MS + 60_000).map(({ pause }) => pause))).toBeLessThanOrEqual(
      5_000,
    )
  })

  test('and it recovers with the first answer', () => {
    play.until(3 * DAY_MS, granted(DAY_MS))
    expect(play.state).toMatchObject({ kind: 'held', failures: 0, error: undefined })
    expect(play.times('recovered')).toHaveLength(1)
  })
})

test('an outage that is over before three quarters of the life is not told of', () => {
  const play = new Play(seededRandom(1))
  play.give({ kind: 'start', held: undefined })
  play.give(granted(DAY_MS)(0))
  play.until(0.7 * DAY_MS, unreachable)
  play.until(DAY_MS, granted(DAY_MS))
  expect([...play.times('warn'), ...play.times('recovered')]).toEqual([])
})

test('a control server that comes back is asked at once, and one that never left is not', () => {
  const play = new Play(always(0.9))
  play.give({ kind: 'start', held: undefined })
  play.give(unreachable())
  expect(play.give({ kind: 'controlIsBack' })).toContainEqual({ kind: 'ask' })
  play.give(granted(DAY_MS)(play.now))
  expect(play.give({ kind: 'controlIsBack' })).not.toContainEqual({ kind: 'ask' })
})

test('a refusal is not repeated for a quarter of a minute', () => {
  const play = new Play(seededRandom(3))
  play.give({ kind: 'start', held: undefined })
  play.until(60_000, refused)
  expect(play.times('ask').length).toBeLessThanOrEqual(5)
})

test('a short life is tried to be renewed often, also where it is refused', () => {
  const play = new Play(seededRandom(3))
  play.give({ kind: 'start', held: undefined })
  play.give(granted(10_000)(0))
  play.until(9_900, refused)
  expect(play.times('ask').length).toBeGreaterThan(4)
})

test('another certificate that is needed is asked for within the time', () => {
  const play = new Play(always(0.5))
  play.give({ kind: 'start', held: undefined })
  play.give(granted(DAY_MS)(0))
  play.give({ kind: 'renew', withinMs: 1_000 })
  play.until(DAY_MS, granted(DAY_MS))
  expect(play.times('ask')[1]).toBe(500)
})

test('whatever happens: one request at a time, none is forgotten, and nothing ends early or late', () => {
  const outcome = fc.constantFrom('granted', 'unreachable', 'refused', 'renew', 'controlIsBack')
  fc.assert(
    fc.property(
      fc.array(outcome, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 10_000, max: DAY_MS }),
      fc.integer(),
      (outcomes, ttlMs, seed) => {
        const play = new Play(seededRandom(seed))
        play.give({ kind: 'start', held: undefined })
        const left = [...outcomes]
        // Time for all of them, were they refusals, and one life more.
        play.until(play.now + outcomes.length * 30_000 + 3 * ttlMs, () => {
          const next = left.pop() ?? 'granted'
          if (next === 'renew') play.give({ kind: 'renew', withinMs: 1_000 })
          if (next === 'controlIsBack') play.give({ kind: 'controlIsBack' })
          return next === 'refused' ? refused() : next === 'granted' ? granted(ttlMs)(play.now) : unreachable()
        })
        // A plan that sleeps for ever has forgotten to ask.
        expect(play.state.askAt).toBeLessThan(Number.POSITIVE_INFINITY)
        expect(play.state.kind).not.toBe('pending')
        if (play.state.kind === 'held') expect(endOf(play.state.lifetime)).toBeGreaterThan(play.now)
      },
    ),
    { numRuns: 200 },
  )
})
