import { FIRST_INBOUND_POLICY_WAIT_MS } from '@weft/mesh-protocol'
import { expect, test } from 'vitest'
import { FirstPolicyWait } from '../../../../../packages/mesh-client/src/http/inbound/first-policy-wait.ts'
import { fakeClock } from '../../../../support/fake-clock.ts'
import { mtlsPolicy } from '../../../../support/mesh-tls.ts'
import { fakePolicy } from '../../../../support/outbound.ts'
import { createTestCa, fakeIdentity } from '../../../../support/test-ca.ts'

function scene(identity = fakeIdentity('pending')) {
  const time = fakeClock()
  const policy = fakePolicy()
  const wait = new FirstPolicyWait({ policy, identity, timers: time.timers })
  const told: boolean[] = []
  return { time, policy, identity, wait, told, hold: () => wait.hold((decided) => void told.push(decided)) }
}

test('what is held is let go when the first policy comes, and each after its time', async () => {
  const { time, policy, wait, told, hold } = scene()
  hold()
  await time.advance(FIRST_INBOUND_POLICY_WAIT_MS - 1)
  hold()
  expect(told).toEqual([])
  await time.advance(1)
  expect(told).toEqual([false])
  policy.set({ inbound: mtlsPolicy(undefined) })
  await Promise.resolve()
  expect(told).toEqual([false, true])
  await time.advance(FIRST_INBOUND_POLICY_WAIT_MS)
  expect([told, wait.over]).toEqual([[false, true], true])
})

test('a change of something else lets nothing go, nor does a certificate', () => {
  const { policy, identity, wait, told, hold } = scene()
  hold()
  policy.set({ routes: new Map() })
  identity.set(createTestCa().identity())
  expect([told, wait.over]).toEqual([[], false])
})

test('nothing waits without a way to an identity, or with policy there already', () => {
  expect(scene(fakeIdentity('off')).wait.over).toBe(true)
  const { policy, time } = scene()
  policy.set({ inbound: mtlsPolicy(undefined) })
  expect(new FirstPolicyWait({ policy, identity: fakeIdentity('held' as never), timers: time.timers }).over).toBe(true)
})
