import { expect, test } from 'vitest'
import { selectableWorkloads } from '../../../../packages/control-server/src/registry/selectable-workloads.ts'
import { testModel } from '../../../support/test-model.ts'

test('replicas that are alike are one, with the labels that selectors see', () => {
  const model = testModel()
  const port = { name: 'http', servicePort: 80, port: 8080, protocol: 'http' }
  model.register({
    w1: { labels: { a: '1', b: '2' }, ports: [{ ...port, listenPort: 1 }] },
    w2: { labels: { b: '2', a: '1' }, ports: [{ ...port, listenPort: 2 }] },
    w3: { labels: { app: 'other' }, ports: [{ ...port, listenPort: 3 }] },
    w4: { namespace: 'prod', ports: [] },
  })
  const ports = [{ port: 8080, protocol: 'http' }]
  expect(selectableWorkloads(model.current)).toEqual([
    { namespace: 'default', labels: { app: 'reviews', a: '1', b: '2' }, ports },
    { namespace: 'default', labels: { app: 'other' }, ports },
    { namespace: 'prod', labels: { app: 'reviews' }, ports: [] },
  ])
})
