import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { JwksSource, JwksUnavailableError } from '../../../../packages/control-server/src/auth/jwks-source.ts'
import { silentLogger } from '../../../../packages/control-server/src/kernel/logger.ts'
import { fakeClock } from '../../../support/fake-clock.ts'
import { publicJwk } from '../../../support/jwt.ts'

const MINUTE = 60_000

function jwk(kid: string): object {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...publicJwk(publicKey, kid), alg: 'ES256', use: 'sig' }
}

function source(answers: { next: () => Promise<string> }) {
  const time = fakeClock()
  let reads = 0
  let timeoutMs: number | undefined
  const keys = new JwksSource({
    where: 'the issuer',
    read: (limits) => {
      reads++
      timeoutMs = limits.timeoutMs
      return answers.next()
    },
    clock: time.clock,
    logger: silentLogger,
  })
  const find = async (kid: string): Promise<KeyObject | string> =>
    Promise.resolve(keys.keyOf({ alg: 'ES256', kid }, { payload: '', signature: '' })).then(
      (key) => key as KeyObject,
      (error: Error) => (error instanceof JwksUnavailableError ? 'unavailable' : 'unknown'),
    )
  return { time, find, reads: () => reads, timeoutMs: () => timeoutMs }
}

const set =
  (...keys: unknown[]): (() => Promise<string>) =>
  async () =>
    JSON.stringify({ keys })

describe('keys', () => {
  test('are read at the first need and kept', async () => {
    const { find, reads, timeoutMs } = source({ next: set(jwk('a')) })
    expect(await find('a')).toMatchObject({ type: 'public' })
    expect(timeoutMs()).toBe(5_000)
    await Promise.all([find('a'), find('a')])
    expect(reads()).toBe(1)
  })

  test('are read again for a key that is not among them, but not for each that somebody makes up', async () => {
    const answers = { next: set(jwk('a')) }
    const { find, reads, time } = source(answers)
    await find('a')
    answers.next = set(jwk('a'), jwk('b'))
    for (let index = 0; index < 50; index++) expect(await find(`made-up-${index}`)).toBe('unknown')
    expect(reads()).toBe(1)
    await time.advance(30_000)
    expect(await find('b')).toMatchObject({ type: 'public' })
    expect(reads()).toBe(2)
  })

  test('that are gone from the issuer are believed five minutes at most', async () => {
    const answers = { next: set(jwk('stolen')) }
    const { find, time } = source(answers)
    await find('stolen')
    answers.next = set(jwk('new'))
    await time.advance(5 * MINUTE)
    expect(await find('stolen')).toBe('unknown')
  })

  test('serve through an outage for a day, and the issuer is asked every half minute at most', async () => {
    const answers = { next: set(jwk('a')) }
    const { find, reads, time } = source(answers)
    await find('a')
    answers.next = () => Promise.reject(new Error('down'))
    for (let minute = 0; minute < 60; minute++) {
      await time.advance(MINUTE)
      expect(await find('a')).toMatchObject({ type: 'public' })
    }
    expect(reads()).toBeLessThanOrEqual(61)
    await time.advance(24 * 60 * MINUTE)
    expect(await find('a')).toBe('unavailable')
  })

  test('that could never be read are asked for again when the issuer is back', async () => {
    const answers = { next: (): Promise<string> => Promise.reject(new Error('down')) }
    const { find, time } = source(answers)
    expect(await find('a')).toBe('unavailable')
    answers.next = set(jwk('a'))
    expect(await find('a')).toBe('unavailable')
    await time.advance(30_000)
    expect(await find('a')).toMatchObject({ type: 'public' })
  })

  test('are one request while many wait for them', async () => {
    let answer: (text: string) => void = () => undefined
    const { find, reads } = source({ next: () => new Promise((resolve) => (answer = resolve)) })
    const waiting = Promise.all([find('a'), find('a'), find('a')])
    answer(JSON.stringify({ keys: [jwk('a')] }))
    expect(await waiting).toEqual([expect.anything(), expect.anything(), expect.anything()])
    expect(reads()).toBe(1)
  })
})

describe('what is no set of public keys is no answer:', () => {
  test.each<[string, () => Promise<string>]>([
    ['no JSON', async () => '<html>'],
    ['no keys', async () => '{}'],
    ['no list', async () => '{"keys":{}}'],
    ['an empty list', set()],
    ['a shared secret', set({ kty: 'oct', k: 'c2VjcmV0', kid: 'a', alg: 'HS256' })],
    ['a private key', set({ kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd', kid: 'a' })],
    ['more keys than anybody has', set(...Array.from({ length: 101 }, () => ({ kty: 'EC', kid: 'a' })))],
  ])('%s', async (_, next) => {
    expect(await source({ next }).find('a')).toBe('unavailable')
  })
})
