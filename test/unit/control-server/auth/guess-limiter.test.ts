import { expect, test } from 'vitest'
import {
  GUESS_PERIOD_MS,
  GuessLimiter,
  MAX_GUESSES,
} from '../../../../packages/control-server/src/auth/guess-limiter.ts'
import { fakeClock } from '../../../support/fake-clock.ts'

function guess(limiter: GuessLimiter, address: string, count: number, prefix = 'guess'): void {
  for (let index = 0; index < count; index++) limiter.wasWrong(address, `${prefix}-${index}`)
}

test('an address is not listened to for a minute after ten wrong credentials', async () => {
  const time = fakeClock()
  const limiter = new GuessLimiter(time.clock)
  guess(limiter, '10.0.0.1', MAX_GUESSES - 1)
  expect(limiter.blockedFor('10.0.0.1', 'next')).toBe(0)
  guess(limiter, '10.0.0.1', 1, 'last')
  expect(limiter.blockedFor('10.0.0.1', 'next')).toBe(GUESS_PERIOD_MS)
  expect(limiter.blockedFor('::ffff:10.0.0.1', 'next')).toBe(GUESS_PERIOD_MS)
  expect(limiter.blockedFor('10.0.0.2', 'next')).toBe(0)
  await time.advance(GUESS_PERIOD_MS)
  expect(limiter.blockedFor('10.0.0.1', 'next')).toBe(0)
})

test('wrong credentials of different minutes do not add up', async () => {
  const time = fakeClock()
  const limiter = new GuessLimiter(time.clock)
  guess(limiter, '10.0.0.1', MAX_GUESSES - 1, 'a')
  await time.advance(GUESS_PERIOD_MS)
  guess(limiter, '10.0.0.1', MAX_GUESSES - 1, 'b')
  expect(limiter.blockedFor('10.0.0.1', 'next')).toBe(0)
})

test('the same wrong credential over and over is one guess', () => {
  const limiter = new GuessLimiter(fakeClock().clock)
  for (let times = 0; times < 100; times++) limiter.wasWrong('10.0.0.1', 'forgotten')
  expect(limiter.blockedFor('10.0.0.1', 'next')).toBe(0)
})

test('who was known there before still is while another of that address guesses, and nobody else', () => {
  const limiter = new GuessLimiter(fakeClock().clock)
  limiter.wasRight('10.0.0.1', 'good')
  guess(limiter, '10.0.0.1', MAX_GUESSES)
  expect(limiter.blockedFor('10.0.0.1', 'good')).toBe(0)
  expect(limiter.blockedFor('10.0.0.1', 'also good')).toBeGreaterThan(0)
  limiter.wasWrong('10.0.0.1', 'good')
  expect(limiter.blockedFor('10.0.0.1', 'good')).toBeGreaterThan(0)
})

test('a machine has all addresses of its /64', () => {
  const limiter = new GuessLimiter(fakeClock().clock)
  for (let index = 0; index < MAX_GUESSES; index++) limiter.wasWrong(`2001:db8::${index + 1}`, `guess-${index}`)
  expect(limiter.blockedFor('2001:db8:0:0:ffff::1', 'next')).toBeGreaterThan(0)
  expect(limiter.blockedFor('2001:db8:0:1::1', 'next')).toBe(0)
})

test('a hundred thousand addresses that guess are not all remembered', () => {
  const limiter = new GuessLimiter(fakeClock().clock)
  guess(limiter, '10.9.9.9', MAX_GUESSES)
  for (let index = 0; index < 10_000; index++) {
    const address = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`
    limiter.wasWrong(address, 'x')
    limiter.wasRight(address, 'y')
  }
  // What was noted first has been forgotten, which is what bounds the memory.
  expect(limiter.blockedFor('10.9.9.9', 'next')).toBe(0)
})
