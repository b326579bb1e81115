import { describe, expect, test } from 'vitest'
import type { ConfigResource } from '../../../../../packages/control-server/src/config/resource.ts'
import { indexGatewayRoutes } from '../../../../../packages/control-server/src/translate/gateway/route-index.ts'
import { routeStatus } from '../../../../../packages/control-server/src/translate/gateway/route-status.ts'
import { backend, grpcRoute, httpRoute, l4Route } from '../../../../support/gateway-routes.ts'
import { service, type TestResource, testModel } from '../../../../support/test-model.ts'

/** `type=reason` of each condition of the only parent of the last resource. */
function conditionsOf(...resources: readonly TestResource[]): string[] | undefined {
  const model = testModel()
  model.put(
    service('reviews', {
      ports: [
        { name: 'http', port: 80 },
        { name: 'tcp', port: 90 },
      ],
    }),
    ...resources,
  )
  const status = routeStatus(
    resources.at(-1) as ConfigResource,
    model.current,
    indexGatewayRoutes(model.current, 'cluster.local'),
  )
  return status?.parents[0]?.conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`)
}

describe('the status of a route', () => {
  const rules = [{ backendRefs: [backend('reviews')] }]
  const resolved = 'ResolvedRefs True ResolvedRefs'

  test.each<readonly [name: string, resources: readonly TestResource[], conditions: readonly string[] | undefined]>([
    ['that rules', [httpRoute('a', 'reviews', rules)], ['Accepted True Accepted', resolved]],
    ['of no service', [httpRoute('a', 'ratings', rules)], ['Accepted False NoMatchingParent', resolved]],
    ['of no port', [httpRoute('a', 'reviews', rules, { port: 1 })], ['Accepted False NoMatchingParent', resolved]],
    [
      'of a port without HTTP',
      [httpRoute('a', 'reviews', rules, { port: 90 })],
      ['Accepted False UnsupportedProtocol', resolved],
    ],
    [
      'of gRPC that is for a port without HTTP',
      [grpcRoute('a', 'reviews', rules, { port: 90 })],
      ['Accepted False UnsupportedProtocol', resolved],
    ],
    [
      'of gRPC beside one of HTTP',
      [httpRoute('b', 'reviews', rules), grpcRoute('a', 'reviews', rules)],
      ['Accepted True Accepted', resolved],
    ],
    [
      'of HTTP beside one of gRPC',
      [grpcRoute('b', 'reviews', rules), httpRoute('a', 'reviews', rules)],
      ['Accepted False Conflicted', resolved],
    ],
    [
      'of gRPC with a backend that is not there',
      [grpcRoute('a', 'reviews', [{ backendRefs: [backend('gone')] }])],
      ['Accepted True Accepted', 'ResolvedRefs False BackendNotFound'],
    ],
    [
      'beside one that sees more',
      [
        httpRoute('a', 'reviews', rules, { port: 80 }),
        l4Route('tls', 'reviews', [backend('reviews')], ['a.io']),
        l4Route('tcp', 'reviews', [backend('reviews')]),
      ],
      ['Accepted False Conflicted', resolved],
    ],
    [
      'with a backend that is not there',
      [httpRoute('a', 'reviews', [{ backendRefs: [backend('gone')] }])],
      ['Accepted True Accepted', 'ResolvedRefs False BackendNotFound'],
    ],
    [
      'with a backend of another kind',
      [httpRoute('a', 'reviews', [{ backendRefs: [backend('x', { kind: 'X' })] }])],
      ['Accepted True Accepted', 'ResolvedRefs False InvalidKind'],
    ],
    [
      'of a gateway',
      [httpRoute('a', 'gateway', rules, { group: 'gateway.networking.k8s.io', kind: 'Gateway' })],
      undefined,
    ],
    ['is not that of a service', [service('ratings', {})], undefined],
  ])('%s', (_, resources, conditions) => {
    expect(conditionsOf(...resources)).toEqual(conditions)
  })
})
