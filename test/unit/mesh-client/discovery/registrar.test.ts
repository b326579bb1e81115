import { RECONNECT_MAX_MS, WORKLOAD_TTL_MS, type WorkloadRegistration } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import type { ControlAnswer, ControlRequest } from '../../../../packages/mesh-client/src/discovery/control-transport.ts'
import { createRegistrar, type Registrar } from '../../../../packages/mesh-client/src/discovery/registrar.ts'
import { type FakeClock, fakeClock } from '../../../support/fake-clock.ts'

const TTL_MS = 9_000

const registration: WorkloadRegistration = {
  service: 'reviews',
  namespace: 'default',
  address: '10.0.0.1',
  ports: [{ name: 'http', servicePort: 80, port: 80, listenPort: 4711, protocol: 'http' }],
  labels: {},
  serviceAccount: 'default',
  locality: '',
  weight: 1,
}

type Answer = ControlAnswer | 'down'
const granted: Answer = { status: 200, text: `{"ttlMs":${TTL_MS}}` }
const unknown: Answer = { status: 404, text: '{"message":"no such workload"}' }
const refused: Answer = {
  status: 422,
  text: '{"message":"invalid","details":{"causes":[{"field":"address","message":"must be an address"}]}}',
}

interface Bench {
  readonly time: FakeClock
  readonly registrar: Registrar
  /** What was asked since the last look, e.g. `PUT a`. */
  asked(): string[]
  readonly errors: string[]
  answer: (request: ControlRequest) => Answer
}

function bench(first: Answer | ((request: ControlRequest) => Answer)): Bench {
  const time = fakeClock()
  const asked: string[] = []
  const errors: string[] = []
  const note = (message: string, details?: object): void => void errors.push(`${message} ${JSON.stringify(details)}`)
  const quiet = (): void => undefined
  const self = { answer: typeof first === 'function' ? first : () => first }
  const registrar = createRegistrar('w1', registration, {
    urls: ['http://a', 'http://b'],
    timers: time.timers,
    random: { next: () => 0.999_999 },
    logger: { debug: quiet, info: quiet, warn: quiet, error: note },
    onChange: quiet,
    transport: {
      async send(request) {
        asked.push(`${request.method} ${request.url.replace('http://', '').replace('/v1/workloads/w1', '')}`)
        const answer = self.answer(request)
        if (answer === 'down') throw new Error('ECONNREFUSED')
        return answer
      },
    },
  })
  return Object.assign(self, { time, registrar, errors, asked: () => asked.splice(0) })
}

describe('a registration', () => {
  test('is renewed every third of its time to live', async () => {
    const { time, registrar, asked } = bench(granted)
    await time.advance(0)
    expect(registrar.lease).toMatchObject({ kind: 'registered', ttlMs: TTL_MS })
    await time.advance(2 * TTL_MS)
    expect(asked()).toEqual(['PUT a', ...Array.from({ length: 6 }, () => 'POST a/renew')])
  })

  test('is made again when a renewal finds it forgotten', async () => {
    const self = bench(granted)
    await self.time.advance(0)
    self.answer = ({ method }) => (method === 'POST' ? unknown : granted)
    self.asked()
    await self.time.advance(TTL_MS / 3)
    expect(self.asked()).toEqual(['POST a/renew', 'PUT a'])
  })

  test('goes round the control servers with growing pauses while none answers', async () => {
    const { time, registrar, asked } = bench('down')
    await time.advance(1_100)
    expect(asked()).toEqual(['PUT a', 'PUT b', 'PUT a', 'PUT b'])
    expect(registrar.lease).toMatchObject({ kind: 'pending', failures: 4, error: 'http://b: ECONNREFUSED' })
    await time.advance(60_000)
    expect(asked().length).toBeLessThanOrEqual(60_000 / RECONNECT_MAX_MS + 3)
  })

  test('is tried at once when a control server is back', async () => {
    const self = bench('down')
    await self.time.advance(20_000)
    self.asked()
    self.answer = () => granted
    self.registrar.controlIsBack(false)
    await self.time.advance(0)
    expect(self.registrar.lease.kind).toBe('registered')
    self.asked()
    self.registrar.controlIsBack(false)
    await self.time.advance(0)
    expect(self.asked()).toEqual([])
  })

  test('is made anew at a control server with other data', async () => {
    const self = bench(granted)
    await self.time.advance(0)
    self.asked()
    self.registrar.controlIsBack(true)
    await self.time.advance(0)
    expect(self.asked()).toEqual(['PUT a'])
  })

  test('outlives failed renewals in what is told of it', async () => {
    const self = bench(granted)
    await self.time.advance(0)
    self.answer = () => ({ status: 503, text: 'busy' })
    await self.time.advance(TTL_MS / 3)
    expect(self.registrar.lease).toMatchObject({
      kind: 'registered',
      failures: 1,
      error: 'the control server answered 503: busy',
    })
  })

  test.each([
    ['refused', refused],
    ['answered 404', unknown],
  ] as const)('that is %s is told once, with the violations, and not hurried', async (_what, answer) => {
    const { time, registrar, asked, errors } = bench(answer)
    await time.advance(10 * WORKLOAD_TTL_MS - 1)
    expect(asked().length).toBe(10)
    expect(errors.length).toBe(1)
    expect(errors[0]).toContain('10.0.0.1')
    if (answer === refused) {
      expect(errors[0]).toContain('must be an address')
      expect(registrar.lease).toMatchObject({ violations: [{ field: 'address', message: 'must be an address' }] })
    }
  })

  test('that changes on the way is told again', async () => {
    const self = bench(granted)
    self.registrar.replace({ ...registration, weight: 2 })
    await self.time.advance(0)
    expect(self.asked()).toEqual(['PUT a', 'PUT a'])
    await self.time.advance(TTL_MS / 3)
    expect(self.asked()).toEqual(['POST a/renew'])
  })
})

describe('deregistration', () => {
  test('is sent once and ends the renewals', async () => {
    const { time, registrar, asked } = bench(granted)
    await time.advance(0)
    asked()
    await Promise.all([registrar.deregister(), registrar.deregister()])
    await time.advance(10 * TTL_MS)
    expect(asked()).toEqual(['DELETE a'])
    expect(time.pendingTimers).toBe(0)
  })

  test('asks each control server once and gives up', async () => {
    const self = bench(granted)
    await self.time.advance(0)
    self.answer = () => 'down'
    self.asked()
    await self.registrar.deregister()
    expect(self.asked()).toEqual(['DELETE a', 'DELETE b'])
  })

  test('comes after the registration that is under way, so that the last word is the last', async () => {
    const { registrar, asked } = bench(granted)
    await registrar.deregister()
    expect(asked()).toEqual(['PUT a', 'DELETE a'])
  })
})
