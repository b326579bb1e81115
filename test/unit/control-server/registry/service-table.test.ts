import { expect, test } from 'vitest'
import type { MeshService } from '../../../../packages/control-server/src/registry/model.ts'
import { ServiceTable } from '../../../../packages/control-server/src/registry/service-table.ts'
import { collectGarbage } from '../../../support/collect-garbage.ts'

const HOST = 'reviews.default.svc.cluster.local'

const service = (number: number): MeshService => ({
  host: HOST,
  name: 'reviews',
  namespace: 'default',
  ports: [{ number, name: 'http', protocol: 'http', targetPort: number }],
  selector: { app: 'reviews' },
})

test('nothing holds a record that another has replaced', async () => {
  const table = new ServiceTable('cluster.local')
  const define = (port: number): void => {
    const resources = new Map([[HOST, service(port)]])
    const nothing = { known: new Map(), workloads: new Map(), workloadEntries: new Map(), entries: new Map() }
    table.apply({ ...nothing, resources })
  }
  const records: WeakRef<object>[] = []
  for (let port = 1; port <= 5; port++) {
    define(port)
    records.push(new WeakRef(table.records.get(HOST) as object))
  }
  await collectGarbage()
  expect(records.map((record) => record.deref() !== undefined)).toEqual([false, false, false, false, true])
})
