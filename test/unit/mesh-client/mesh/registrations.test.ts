import type { WorkloadPort, WorkloadRegistration } from '@weft/mesh-protocol'
import { expect, test } from 'vitest'
import type { Lease } from '../../../../packages/mesh-client/src/discovery/lease.ts'
import { createRegistrations, type Registrations } from '../../../../packages/mesh-client/src/mesh/registrations.ts'

interface Bench {
  readonly registrations: Registrations
  /** What was told, as `id address:servicePorts` or `gone id`. */
  readonly told: string[]
  lease: Lease
}

function bench(): Bench {
  const told: string[] = []
  const describe = (id: string, { address, ports }: WorkloadRegistration): string =>
    `${id} ${address}:${ports.map(({ servicePort }) => servicePort).join('+')}`
  const self: Omit<Bench, 'registrations'> = {
    told,
    lease: { kind: 'registered', ttlMs: 1, failures: 0, error: undefined },
  }
  const registrations = createRegistrations({
    workloadId: 'w',
    workload: () => ({ service: 's', namespace: 'n', labels: {}, serviceAccount: 'a', locality: '', weight: 1 }),
    createRegistrar(id, registration) {
      told.push(describe(id, registration))
      return {
        get lease() {
          return self.lease
        },
        registration,
        replace: (next) => void told.push(describe(id, next)),
        controlIsBack: (forgotten) => void told.push(`back ${id} ${forgotten}`),
        deregister: async () => void told.push(`gone ${id}`),
      }
    },
  })
  return Object.assign(self, { registrations })
}

const port = (servicePort: number): WorkloadPort => ({
  name: `p${servicePort}`,
  servicePort,
  port: servicePort,
  listenPort: 40_000 + servicePort,
  protocol: 'http',
})

test('nothing is told before it may be', () => {
  const { registrations, told } = bench()
  const registration = registrations.register({ address: '10.0.0.1', ports: [port(80)] })
  expect(told).toEqual([])
  expect(registration.registered).toBe(false)
  expect(registrations.pending).toBe('10.0.0.1: not yet told')
  registrations.allow()
  registrations.allow()
  expect(told).toEqual(['w 10.0.0.1:80'])
  expect(registration.registered).toBe(true)
  expect(registrations.pending).toBe('')
})

test('ports of one address are one workload, which shrinks and goes with the last', async () => {
  const { registrations, told } = bench()
  registrations.allow()
  const first = registrations.register({ address: '10.0.0.1', ports: [port(80)] })
  const second = registrations.register({ address: '10.0.0.1', ports: [port(81)] })
  const other = registrations.register({ address: '127.0.0.1', ports: [port(82)] })
  await first.deregister()
  await first.deregister()
  expect(first.registered).toBe(false)
  expect(second.registered).toBe(true)
  await second.deregister()
  expect(told).toEqual(['w 10.0.0.1:80', 'w 10.0.0.1:80+81', 'w-1 127.0.0.1:82', 'w 10.0.0.1:81', 'gone w'])
  expect(other.registered).toBe(true)
})

test('everything left is taken away at once', async () => {
  const { registrations, told } = bench()
  registrations.allow()
  registrations.register({ address: '10.0.0.1', ports: [port(80), port(81)] })
  registrations.controlIsBack(true)
  await registrations.deregisterAll()
  expect(told.slice(1)).toEqual(['back w true', 'gone w'])
  expect(registrations.status()).toEqual([])
})

test('what the control server says is what is told', () => {
  const self = bench()
  self.registrations.allow()
  self.lease = { kind: 'refused', error: 'no', violations: [] }
  self.registrations.register({ address: '10.0.0.1', ports: [port(80)] })
  expect(self.registrations.pending).toBe('10.0.0.1: no')
  expect(self.registrations.status()).toMatchObject([{ id: 'w', lease: { kind: 'refused' } }])
})
