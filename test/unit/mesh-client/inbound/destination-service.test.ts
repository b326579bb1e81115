import type { InboundService } from '@weft/mesh-protocol'
import { expect, test } from 'vitest'
import { destinationService } from '../../../../packages/mesh-client/src/inbound/destination-service.ts'
import { inboundPolicy } from '../../../support/inbound.ts'

function service(name: string, ...ports: [servicePort: number, port: number][]): InboundService {
  return {
    host: `${name}.default.svc.cluster.local`,
    name,
    namespace: 'default',
    ports: ports.map(([servicePort, port]) => ({ servicePort, port, protocol: 'http' })),
  }
}

const own = { host: 'own.default.svc.cluster.local', name: 'own', namespace: 'default' }

test.each<[string, readonly InboundService[], string]>([
  ['nothing is known', [], 'own'],
  ['the workload’s port is behind another of a service', [service('shop', [80, 9080])], 'shop'],
  ['several have it: the first', [service('a', [1, 9080]), service('b', [2, 9080])], 'a'],
  ['the workload’s port goes before what callers dial', [service('a', [9080, 1]), service('b', [1, 9080])], 'b'],
  ['only what callers dial fits', [service('a', [1, 1]), service('b', [9080, 1])], 'b'],
  ['no port fits', [service('a', [1, 1])], 'own'],
])('%s', (_title, services, name) => {
  const served = { servicePort: 9080, port: 9080 }
  expect(destinationService(inboundPolicy(services), served, own)?.name).toBe(name)
})

test('before the first policy it is the process’s own, if it has one', () => {
  const served = { servicePort: 80, port: 80 }
  expect(destinationService(undefined, served, own)).toBe(own)
  expect(destinationService(undefined, served, undefined)).toBeUndefined()
})
