import { expect, test } from 'vitest'
import type { ModelChange } from '../../../../packages/control-server/src/registry/model.ts'
import { testModel, virtualService } from '../../../support/test-model.ts'

const host = (name: string): string => `${name}.default.svc.cluster.local`
const delegateTo = (name: string, namespace?: string) => [{ delegate: { name, ...(namespace && { namespace }) } }]

test('a change of a delegate concerns the hosts of the VirtualServices that delegate to it', () => {
  const model = testModel()
  const changes: ModelChange[] = []
  model.subscribe((change) => changes.push(change))
  const shared = virtualService('shared', { http: [{ route: [{ destination: { host: 'x' } }] }] }, 'team')
  model.put(
    virtualService('a', { hosts: ['a'], http: delegateTo('shared', 'team') }),
    virtualService('b', { hosts: ['b', 'c'], http: delegateTo('shared') }),
    virtualService('d', { hosts: ['d'], http: [{ route: [{ destination: { host: 'd' } }] }] }),
  )
  model.put(shared)
  expect(changes.at(-1)?.policyHosts).toEqual(new Set([host('a')]))
  model.put(virtualService('shared', { http: [] }))
  expect(changes.at(-1)?.policyHosts).toEqual(new Set([host('b'), host('c')]))
  model.remove(shared)
  expect(changes.at(-1)?.policyHosts).toEqual(new Set([host('a')]))
})
