import { describe, expect, test } from 'vitest'
import { MeshError } from '../../../../packages/mesh-client/src/kernel/errors.ts'
import { missing, type ReadinessFacts, Waiters } from '../../../../packages/mesh-client/src/mesh/readiness.ts'
import { fakeClock } from '../../../support/fake-clock.ts'

const READY: ReadinessFacts = {
  hostIndex: true,
  serving: true,
  inboundPolicy: true,
  noCertificate: false,
  strict: false,
  missingDependencies: [],
  control: 'connected',
  unregistered: '',
}

test.each<[string, Partial<ReadinessFacts>, readonly RegExp[]]>([
  ['everything is there', {}, []],
  ['no policy has come', { hostIndex: false }, [/index of the hosts/]],
  ['a server waits for its policy', { inboundPolicy: false }, [/inbound policy/]],
  ['nothing is served, so no inbound policy is needed', { serving: false, inboundPolicy: false }, []],
  ['dependencies are awaited', { missingDependencies: ['a', 'b'] }, [/routes of a/, /routes of b/]],
  ['a registration is awaited while connected', { unregistered: '10.0.0.1' }, [/registration \(10\.0\.0\.1\)/]],
  ['and until it is known whether anybody can be reached', { unregistered: 'x', control: 'unknown' }, [/registration/]],
  ['but not where nobody can be', { unregistered: 'x', control: 'unreachable' }, []],
  ['a certificate is awaited while connected', { noCertificate: true }, [/certificate/]],
  [
    'and until it is known whether anybody can be reached',
    { noCertificate: true, control: 'unknown' },
    [/certificate/],
  ],
  ['but not where nobody can be', { noCertificate: true, control: 'unreachable' }, []],
  ['unless policy is strict', { noCertificate: true, control: 'unreachable', strict: true }, [/certificate/]],
])('%s', (_what, facts, expected) => {
  const found = missing({ ...READY, ...facts })
  expect(found).toHaveLength(expected.length)
  expected.forEach((pattern, index) => {
    expect(found[index]).toMatch(pattern)
  })
})

describe('who waits', () => {
  const late = (): MeshError => new MeshError('WEFT_NOT_READY', 'late')

  test('goes on with the change that makes it true, leaving nothing behind', async () => {
    const time = fakeClock()
    const waiters = new Waiters(time.timers)
    let done = false
    const both = [0, 1].map(() => waiters.until(() => done, late, { timeoutMs: 1_000, signal: undefined }))
    waiters.changed()
    expect(time.pendingTimers).toBe(2)
    done = true
    waiters.changed()
    await Promise.all(both)
    expect(time.pendingTimers).toBe(0)
  })

  test('is told when time is up, when the signal comes, and of what the question throws', async () => {
    const time = fakeClock()
    const waiters = new Waiters(time.timers)
    const controller = new AbortController()
    const slow = waiters.until(() => false, late, { timeoutMs: 1_000, signal: undefined })
    const given = waiters.until(() => false, late, { timeoutMs: 5_000, signal: controller.signal })
    const outcomes = Promise.allSettled([slow, given])
    await time.advance(1_000)
    controller.abort(new Error('enough'))
    expect((await outcomes).map((outcome) => String((outcome as PromiseRejectedResult).reason))).toEqual([
      'MeshError: late',
      'Error: enough',
    ])
    const thrower = waiters.until(
      () => {
        throw new Error('closed')
      },
      late,
      { timeoutMs: 1, signal: undefined },
    )
    await expect(thrower).rejects.toThrow('closed')
    expect(time.pendingTimers).toBe(0)
  })
})
