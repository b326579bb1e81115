import { describe, expect, test } from 'vitest'
import { type InboundSubject, translateInbound } from '../../../../packages/control-server/src/translate/inbound.ts'
import { service, testModel } from '../../../support/test-model.ts'

const subject: InboundSubject = {
  service: 'reviews',
  namespace: 'default',
  labels: { version: 'v1' },
  ports: [
    { name: 'http', servicePort: 80, port: 8080, protocol: 'http' },
    { name: 'admin', servicePort: 81, port: 8081, protocol: 'http' },
  ],
}

const own = { host: 'reviews.default.svc.cluster.local', name: 'reviews', namespace: 'default' }

describe('what a workload answers for', () => {
  test('its registration, where there is no Service', () => {
    const model = testModel()
    model.register({ other: { service: 'reviews' } })
    expect(translateInbound(model.current, subject).services).toEqual([
      {
        ...own,
        ports: [
          { servicePort: 80, port: 8080, protocol: 'http' },
          { servicePort: 81, port: 8081, protocol: 'http' },
        ],
      },
    ])
  })

  test('the ports of its Service, by name and by number; then the Services that select it', () => {
    const model = testModel()
    model.put(
      service('zeta', {
        selector: { app: 'reviews', version: 'v1' },
        ports: [{ name: 'grpc', port: 50051, targetPort: 'admin' }],
      }),
      service('reviews', {
        selector: { app: 'reviews' },
        ports: [
          { name: 'http', port: 9080, targetPort: 'http' },
          { name: 'raw', port: 9081, targetPort: 8081 },
          { name: 'gone', port: 9082, targetPort: 'no-such-port' },
        ],
      }),
      service('others', { selector: { version: 'v2' }, ports: [{ port: 80 }] }),
      service('elsewhere', { selector: { version: 'v1' }, ports: [{ port: 80 }] }, 'prod'),
      service('selects-nothing', { ports: [{ port: 80 }] }),
    )
    expect(translateInbound(model.current, subject).services).toEqual([
      {
        ...own,
        ports: [
          { servicePort: 9080, port: 8080, protocol: 'http' },
          { servicePort: 9081, port: 8081, protocol: 'http' },
        ],
      },
      {
        host: 'zeta.default.svc.cluster.local',
        name: 'zeta',
        namespace: 'default',
        ports: [{ servicePort: 50051, port: 8081, protocol: 'grpc' }],
      },
    ])
  })

  test('nothing, where it serves nothing', () => {
    expect(
      translateInbound(testModel().current, { service: '', namespace: 'default', labels: {}, ports: [] }).services,
    ).toEqual([])
  })
})
