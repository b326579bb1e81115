import { describe, expect, test } from 'vitest'
import type { KeyLocation } from '../../../../../packages/mesh-client/src/inbound/jwt/compile-jwt-rules.ts'
import {
  FAILURE_COOLDOWN_MS,
  KeyStore,
  REFRESH_MS,
  UNKNOWN_KEY_COOLDOWN_MS,
} from '../../../../../packages/mesh-client/src/inbound/jwt/key-store.ts'
import { issuerKey, jwksOf } from '../../../../support/jwt.ts'

const JWKS: KeyLocation = { kind: 'jwks', url: 'https://issuer.example/keys', timeoutMs: 1_000 }
const DISCOVERY: KeyLocation = {
  kind: 'discovery',
  url: 'https://issuer.example/.well-known/openid-configuration',
  timeoutMs: 1_000,
}
const first = jwksOf(issuerKey('one'))
const second = jwksOf(issuerKey('two'))

/** Answers by URL; what is missing fails. */
function scene(answers: Record<string, string>) {
  const asked: string[] = []
  const warnings: string[] = []
  let time = 0
  const quiet = (): void => undefined
  const store = new KeyStore({
    clock: { now: () => time, wallNow: () => time },
    logger: { debug: quiet, info: quiet, error: quiet, warn: (text) => void warnings.push(text) },
    detached: (action) => action(),
    async fetchText(url) {
      asked.push(url)
      const answer = answers[url]
      if (answer === undefined) throw new Error('the answer is 503')
      return answer
    },
  })
  return { store, asked, warnings, answers, pass: (ms: number) => (time += ms) }
}

describe('keys', () => {
  test('are fetched once for all who wait, and serve until they are old', async () => {
    const { store, asked, pass } = scene({ [JWKS.url]: first })
    expect(store.held(JWKS)).toBeUndefined()
    const [one, other] = await Promise.all([store.get(JWKS), store.get(JWKS)])
    expect(one?.text).toBe(first)
    expect(other).toBe(one)
    pass(REFRESH_MS - 1)
    expect(await store.get(JWKS)).toBe(one)
    expect(asked).toHaveLength(1)
  })

  test('that are old serve while newer ones are fetched; equal ones are the same', async () => {
    const { store, asked, pass, answers } = scene({ [JWKS.url]: first })
    const before = await store.get(JWKS)
    pass(REFRESH_MS)
    expect(store.held(JWKS)).toBe(before)
    await Promise.resolve()
    await new Promise(setImmediate)
    expect(asked).toHaveLength(2)
    expect(store.held(JWKS)).toBe(before)
    answers[JWKS.url] = second
    pass(REFRESH_MS)
    store.held(JWKS)
    await new Promise(setImmediate)
    expect(store.held(JWKS)?.text).toBe(second)
  })

  test('that were good serve through an outage, which is tried again now and then', async () => {
    const { store, asked, pass, answers, warnings } = scene({ [JWKS.url]: first })
    const before = await store.get(JWKS)
    delete answers[JWKS.url]
    pass(10 * REFRESH_MS)
    for (let times = 0; times < 5; times++) {
      expect(store.held(JWKS)).toBe(before)
      await new Promise(setImmediate)
    }
    expect(asked).toHaveLength(2)
    expect(warnings).toHaveLength(1)
    pass(FAILURE_COOLDOWN_MS)
    store.held(JWKS)
    await new Promise(setImmediate)
    expect(asked).toHaveLength(3)
    expect(await store.get(JWKS)).toBe(before)
  })

  test('that cannot be got are not asked for by every request', async () => {
    const { store, asked, pass, answers } = scene({})
    expect(await store.get(JWKS)).toBeUndefined()
    expect(await store.get(JWKS)).toBeUndefined()
    expect(asked).toHaveLength(1)
    answers[JWKS.url] = first
    pass(FAILURE_COOLDOWN_MS)
    expect((await store.get(JWKS))?.text).toBe(first)
  })

  test('are looked for anew where a token names another, but not for every forged one', async () => {
    const { store, asked, pass, answers } = scene({ [JWKS.url]: first })
    await store.get(JWKS)
    answers[JWKS.url] = second
    expect((await store.renew(JWKS))?.text).toBe(first)
    expect(asked).toHaveLength(1)
    pass(UNKNOWN_KEY_COOLDOWN_MS)
    const [one, other] = await Promise.all([store.renew(JWKS), store.renew(JWKS)])
    expect([one?.text, other?.text]).toEqual([second, second])
    expect(asked).toHaveLength(2)
  })

  test('of so many places are forgotten, the oldest first', async () => {
    const places = Array.from({ length: 150 }, (_, index) => ({ ...JWKS, url: `https://issuer.example/${index}` }))
    const { store } = scene(Object.fromEntries(places.map(({ url }) => [url, first])))
    for (const place of places) await store.get(place)
    expect(places.filter((place) => store.held(place) !== undefined)).toHaveLength(100)
    expect(store.held(places[149] as KeyLocation)).toBeDefined()
  })
})

describe('discovery', () => {
  test('leads to the keys', async () => {
    const document = JSON.stringify({ issuer: 'https://issuer.example/', jwks_uri: 'https://keys.example/k' })
    const { store, asked } = scene({ [DISCOVERY.url]: document, 'https://keys.example/k': first })
    expect((await store.get(DISCOVERY))?.text).toBe(first)
    expect(asked).toEqual([DISCOVERY.url, 'https://keys.example/k'])
  })

  test.each([
    ['of another issuer', { issuer: 'https://evil.example', jwks_uri: 'https://keys.example/k' }],
    ['without keys', { issuer: 'https://issuer.example' }],
    ['that leads to a file', { jwks_uri: 'file:///etc/passwd' }],
    ['that leads out of TLS', { jwks_uri: 'http://keys.example/k' }],
    ['that is a list', []],
  ])('by a document %s leads nowhere', async (_, document) => {
    const { store, asked, warnings } = scene({ [DISCOVERY.url]: JSON.stringify(document) })
    expect(await store.get(DISCOVERY)).toBeUndefined()
    expect(asked).toEqual([DISCOVERY.url])
    expect(warnings).toHaveLength(1)
  })
})

test.each(['', '{}', '[]', 'null', '{"keys":{}}', '<html>', JSON.stringify({ keys: Array(101).fill({ kty: 'EC' }) })])(
  'an answer that is no JWKS is none: %.20s',
  async (text) => {
    const { store } = scene({ [JWKS.url]: text })
    expect(await store.get(JWKS)).toBeUndefined()
  },
)

test('private and symmetric keys are not kept', async () => {
  const { privateKey } = issuerKey('p')
  const keys = [{ ...privateKey.export({ format: 'jwk' }), kid: 'p' }, { kty: 'oct', k: 'c2VjcmV0' }, 7, null]
  const { store } = scene({ [JWKS.url]: JSON.stringify({ keys }) })
  const held = await store.get(JWKS)
  expect(held?.keys.map((key) => [key.kid, key.d])).toEqual([['p', undefined]])
})
