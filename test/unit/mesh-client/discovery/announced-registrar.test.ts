import { WORKLOAD_TTL_MS, type WorkloadRegistration } from '@weft/mesh-protocol'
import { expect, test } from 'vitest'
import { createAnnouncedRegistrar } from '../../../../packages/mesh-client/src/discovery/announced-registrar.ts'
import type { Registrar } from '../../../../packages/mesh-client/src/discovery/registrar.ts'
import { type FakeClock, fakeClock } from '../../../support/fake-clock.ts'
import { strictLogger } from '../../../support/strict-logger.ts'

const HOUR_MS = 3_600_000
const at = (address: string): WorkloadRegistration => ({
  service: 'reviews',
  namespace: 'default',
  address,
  ports: [{ name: 'http', servicePort: 80, port: 80, listenPort: 4711, protocol: 'http' }],
  labels: {},
  serviceAccount: 'default',
  locality: '',
  weight: 1,
})

interface Bench {
  readonly time: FakeClock
  readonly registrar: Registrar
  /** What happened to the local directory since the last look. */
  did(): string[]
  /** Of the control server; 0: none. */
  status: number
}

function bench(status: number): Bench {
  const time = fakeClock()
  const done: string[] = []
  const self = { status }
  const registrar = createAnnouncedRegistrar('w1', at('10.0.0.1'), {
    urls: ['http://a'],
    timers: time.timers,
    random: { next: () => 0.999_999 },
    logger: { ...strictLogger, error: () => undefined },
    onChange: () => undefined,
    transport: {
      async send() {
        if (self.status === 0) throw new Error('ECONNREFUSED')
        return { status: self.status, text: '{}' }
      },
    },
    localDirectory: {
      put: async (id, { address }) => void done.push(`put ${id} ${address}`),
      remove: async (id) => void done.push(`remove ${id}`),
      read: () => expect.unreachable(),
    },
  })
  return Object.assign(self, { time, registrar, did: () => done.splice(0) })
}

test('a workload is announced with or without a control server, and anew when it is another', async () => {
  const { time, registrar, did } = bench(0)
  expect(did()).toEqual(['put w1 10.0.0.1'])
  await time.advance(60_000)
  expect(registrar.lease.kind).toBe('pending')
  expect(did()).toEqual([])
  registrar.replace(at('10.0.0.2'))
  await time.advance(60_000)
  expect(did()).toEqual(['put w1 10.0.0.2'])
})

test('what the control server refuses is announced only once it no longer does', async () => {
  const self = bench(422)
  await self.time.advance(0)
  expect(self.did()).toEqual(['put w1 10.0.0.1', 'remove w1'])
  await self.time.advance(HOUR_MS)
  expect(self.did()).toEqual([])
  self.status = 200
  await self.time.advance(WORKLOAD_TTL_MS)
  expect(self.did()).toEqual(['put w1 10.0.0.1'])
})

test('it is touched every hour until it leaves, and then stays away', async () => {
  const { time, registrar, did } = bench(200)
  await time.advance(2 * HOUR_MS)
  expect(did()).toEqual(Array(3).fill('put w1 10.0.0.1'))
  await Promise.all([registrar.deregister(), registrar.deregister()])
  await time.advance(2 * HOUR_MS)
  expect(did()).toEqual(['remove w1'])
  expect(time.pendingTimers).toBe(0)
})
