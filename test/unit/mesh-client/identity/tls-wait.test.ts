import { expect, test } from 'vitest'
import { FIRST_CERTIFICATE_WAIT_MS, IdentityWait } from '../../../../packages/mesh-client/src/identity/tls-wait.ts'
import { fakeClock } from '../../../support/fake-clock.ts'
import { createTestCa, fakeIdentity } from '../../../support/test-ca.ts'

const held = createTestCa().identity()

function scene(first: Parameters<typeof fakeIdentity>[0]) {
  const time = fakeClock()
  const source = fakeIdentity(first)
  const wait = new IdentityWait(source, time.timers)
  const told: string[] = []
  const get = (): (() => void) =>
    wait.get((identity) => void told.push(identity instanceof Error ? identity.message : identity.uri))
  return { time, source, told, get }
}

test('what is held is given at once', () => {
  const { told, get } = scene(held)
  get()
  expect(told).toEqual([held.uri])
})

test('without a way to an identity, or with one that has ended, nobody waits', () => {
  for (const [state, reason] of [
    ['off', /has no identity/],
    ['expired', /has ended/],
  ] as const) {
    const { told, get } = scene(state)
    get()
    expect(told).toEqual([expect.stringMatching(reason)])
  }
})

test('the first certificate is waited for by all together, and not again by those that are tried again', async () => {
  const { time, source, told, get } = scene('pending')
  get()
  await time.advance(FIRST_CERTIFICATE_WAIT_MS - 1)
  get()
  expect(told).toEqual([])
  await time.advance(1)
  expect(told).toEqual([expect.stringContaining('no certificate'), expect.stringContaining('no certificate')])
  get()
  expect(told).toHaveLength(3)
  source.set(held)
  get()
  expect(told[3]).toBe(held.uri)
  expect([source.listeners, time.pendingTimers]).toEqual([0, 0])
})

test('who has left is not told', () => {
  const { source, told, get } = scene('pending')
  const leave = get()
  get()
  leave()
  source.set(held)
  expect(told).toEqual([held.uri])
})

test('a wait ends with the reason where there will be no certificate', () => {
  const { source, told, get } = scene('pending')
  get()
  source.set('expired')
  expect(told).toEqual([expect.stringContaining('has ended')])
})
