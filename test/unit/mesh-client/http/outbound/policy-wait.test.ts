import { FIRST_POLICY_WAIT_MS } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { Origins } from '../../../../../packages/mesh-client/src/http/outbound/origins.ts'
import { type HeldCall, PolicyWait } from '../../../../../packages/mesh-client/src/http/outbound/policy-wait.ts'
import type { RouteTable } from '../../../../../packages/mesh-client/src/routing/route-table.ts'
import { fakeClock } from '../../../../support/fake-clock.ts'
import { fakePolicy, hostTable, REVIEWS } from '../../../../support/outbound.ts'

const SERVED = { forPort: () => ({ port: 80, match: () => undefined }) } as unknown as RouteTable

function setUp() {
  const time = fakeClock()
  const policy = fakePolicy()
  const origins = new Origins(policy)
  const waiting = new PolicyWait({ policy, ...time }, origins)
  const log: string[] = []
  const hold = (name: string, origin = 'http://reviews') => {
    const call = {
      origin,
      over: false,
      released: (target: { kind: string }) => void log.push(`${name} ${target.kind} at ${time.clock.now()}`),
    }
    waiting.hold(call satisfies HeldCall, time.clock.now())
    return call
  }
  return { time, policy, origins, waiting, log, hold }
}

describe('calls that wait for policy', () => {
  test('go on in their order as soon as their routes are there, and leave no timer', async () => {
    const { time, policy, log, hold } = setUp()
    for (const name of ['a', 'b', 'c']) {
      hold(name)
      await time.advance(100)
    }
    expect(time.pendingTimers).toBe(1)
    policy.set({ hosts: hostTable() })
    expect(log).toEqual([])
    expect(policy.followed).toEqual([REVIEWS])
    policy.set({ routes: new Map([[REVIEWS, SERVED]]) })
    expect(log).toEqual(['a served at 300', 'b served at 300', 'c served at 300'])
    expect(time.pendingTimers).toBe(0)
  })

  test('each waits its own time, for index and routes together', async () => {
    const { time, policy, log, hold } = setUp()
    hold('a')
    await time.advance(FIRST_POLICY_WAIT_MS - 100)
    policy.set({ hosts: hostTable() })
    hold('b')
    await time.advance(FIRST_POLICY_WAIT_MS + 100)
    expect(log).toEqual(['a following at 1000', 'b following at 1900'])
    expect(time.pendingTimers).toBe(0)
  })

  test('a host outside of the mesh goes on with the first index, others wait on', async () => {
    const { time, policy, log, hold } = setUp()
    hold('a', 'http://outside.example')
    hold('b')
    policy.set({ hosts: hostTable() })
    expect(log).toEqual(['a outside at 0'])
    expect(time.pendingTimers).toBe(1)
  })

  test('one that its caller has given up is forgotten', async () => {
    const { time, log, hold } = setUp()
    hold('a').over = true
    hold('b')
    await time.advance(FIRST_POLICY_WAIT_MS)
    expect(log).toEqual(['b undecided at 1000'])
  })

  test('closing lets all go', () => {
    const { time, waiting, log, hold } = setUp()
    hold('a')
    waiting.close()
    expect(log).toEqual(['a undecided at 0'])
    expect(time.pendingTimers).toBe(0)
  })
})

describe('origins', () => {
  test('are looked up once a view', () => {
    const { policy, origins } = setUp()
    policy.set({ hosts: hostTable(), routes: new Map([[REVIEWS, SERVED]]) })
    const first = origins.resolve('http://reviews.default:80')
    expect(first).toMatchObject({ kind: 'served', host: REVIEWS, port: 80, authority: 'reviews.default' })
    expect(origins.resolve('http://reviews.default:80')).toBe(first)
    policy.set({ routes: new Map([[REVIEWS, 'absent']]) })
    expect(origins.resolve('http://reviews.default:80')).toMatchObject({ kind: 'absent' })
  })

  test.each([
    ['https://reviews', { kind: 'served', scheme: 'https', port: 443 }],
    ['http://ratings', { kind: 'following', host: 'ratings.default.svc.cluster.local' }],
    ['http://outside.example:8080', { kind: 'outside', port: 8080, authority: 'outside.example:8080' }],
    ['http://[::1]:80', { kind: 'outside' }],
  ])('%s', (origin, expected) => {
    const { policy, origins } = setUp()
    policy.set({ hosts: hostTable(), routes: new Map([[REVIEWS, SERVED]]) })
    expect(origins.resolve(origin)).toMatchObject(expected)
  })

  test('do not grow without bound', () => {
    const { policy, origins } = setUp()
    policy.set({ hosts: hostTable() })
    const first = origins.resolve('http://host-0.example')
    for (let index = 1; index < 5_000; index++) origins.resolve(`http://host-${index}.example`)
    expect(origins.resolve('http://host-0.example')).not.toBe(first)
  })
})
