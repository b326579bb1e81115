import { describe, expect, test } from 'vitest'
import { parseCanaryRequest } from '../../../../packages/control-server/src/canary/request.ts'
import { registeredVersions } from '../../../../packages/control-server/src/canary/versions.ts'
import type { ConfigResource } from '../../../../packages/control-server/src/config/resource.ts'
import { testModel } from '../../../support/test-model.ts'
import { CanaryMesh, destinationRule, split, subsets, to, virtualService } from './mesh.ts'

const IPHONE = [{ headers: { 'user-agent': { regex: '.*iPhone.*' } } }]

describe('without a VirtualService', () => {
  test('the other versions share the rest by their number of workloads, and each gets its subset', () => {
    const mesh = new CanaryMesh([], { v1: 3, v2: 1, v3: 1 })
    mesh.put('v2', 20)
    expect(mesh.spec('VirtualService')).toEqual(split(to('v1', 60), to('v3', 20), to('v2', 20)))
    expect(mesh.spec('DestinationRule')).toEqual(subsets('v2', 'v1', 'v3'))
  })

  test('rolled back, nothing is left', () => {
    const mesh = new CanaryMesh([], { v1: 1, v2: 1 })
    mesh.put('v2', 20)
    mesh.put('v2', 100)
    mesh.rollback()
    expect(mesh.situation).toMatchObject({ virtualServices: [], destinationRules: [], record: undefined })
  })

  test('a version that cannot be a name gets one', () => {
    const mesh = new CanaryMesh([], { '1.0.0': 1, '2.0.0-rc.1_7': 1 })
    mesh.put('1.0.0', 30)
    expect(mesh.weights).toEqual({ '1-0-0': 30, '2-0-0-rc-1-7': 70 })
    expect(mesh.spec('DestinationRule')).toMatchObject({
      subsets: [
        { name: '1-0-0', labels: { version: '1.0.0' } },
        { name: '2-0-0-rc-1-7', labels: { version: '2.0.0-rc.1_7' } },
      ],
    })
  })

  test('names that others have are not taken', () => {
    const mesh = new CanaryMesh(
      [virtualService({ hosts: ['other'], http: [{ route: [to('v1')] }] }), destinationRule({ host: 'other' })],
      { v1: 1, v2: 1 },
    )
    mesh.put('v2', 50)
    expect(mesh.spec('VirtualService', 'reviews-canary')).toBeDefined()
    expect(mesh.spec('DestinationRule', 'reviews-canary')).toBeDefined()
  })
})

describe('with a VirtualService', () => {
  test('the other subsets keep their proportions, whatever they sum to', () => {
    const mesh = new CanaryMesh(
      [virtualService(split(to('v1', 3), to('v2', 1))), destinationRule(subsets('v1', 'v2'))],
      {
        v3: 1,
      },
    )
    mesh.put('v3', 20)
    expect(mesh.weights).toEqual({ v1: 60, v2: 20, v3: 20 })
    expect(mesh.spec('DestinationRule')).toEqual(subsets('v1', 'v2', 'v3'))
  })

  test('the whole service as destination stands for its other versions', () => {
    const mesh = new CanaryMesh([virtualService(split(to('')))], { v1: 2, v2: 1, v3: 2 })
    mesh.put('v2', 10)
    expect(mesh.weights).toEqual({ v1: 45, v3: 45, v2: 10 })
  })

  test('other rules, other fields and the operations of destinations stay', () => {
    const http = [
      { name: 'admin', match: [{ uri: { prefix: '/admin' } }], route: [to('v1')] },
      { name: 'rest', timeout: '2s', route: [{ ...to('v1'), headers: { request: { set: { a: 'b' } } } }] },
    ]
    const mesh = new CanaryMesh([virtualService({ hosts: ['reviews', 'x.com'], http, exportTo: ['*'] })], {
      v1: 1,
      v2: 1,
    })
    mesh.put('v2', 25, IPHONE)
    expect(mesh.spec('VirtualService')).toEqual({
      hosts: ['reviews', 'x.com'],
      exportTo: ['*'],
      http: [
        { name: 'weft-canary-v2', match: IPHONE, timeout: '2s', route: [to('v2')] },
        http[0],
        { name: 'rest', timeout: '2s', route: [{ ...http[1]?.route[0], weight: 75 }, to('v2', 25)] },
      ],
    })
  })

  test('a match on every path is a rule without conditions', () => {
    const http = [{ match: [{ uri: { prefix: '/' } }], route: [to('v1')] }]
    const mesh = new CanaryMesh([virtualService({ hosts: ['reviews'], http })], { v1: 1, v2: 1 })
    mesh.put('v2', 25)
    expect(mesh.spec('VirtualService')).toMatchObject({ http: [{ ...http[0], route: [to('v1', 75), to('v2', 25)] }] })
  })

  test('one of another namespace is edited there, with full names and its port', () => {
    const route = [{ destination: { host: 'reviews.default', port: { number: 8080 } } }]
    const mesh = new CanaryMesh([virtualService({ hosts: ['reviews.default'], http: [{ route }] }, 'x', 'team')], {
      v1: 1,
      v2: 1,
    })
    mesh.put('v2', 25)
    const port = { number: 8080 }
    expect(mesh.spec('VirtualService', 'x', 'team')).toMatchObject({
      http: [
        {
          route: [
            { destination: { host: 'reviews.default', subset: 'v1', port } },
            { destination: { subset: 'v2', port } },
          ],
        },
      ],
    })
  })

  test('every namespace with rules for the host gets the subset', () => {
    const mesh = new CanaryMesh(
      [
        virtualService(split(to('v1'))),
        destinationRule({ ...subsets('v1'), host: 'reviews.default.svc.cluster.local' }, 'a', 'callers'),
      ],
      { v1: 1, v2: 1 },
    )
    mesh.put('v2', 25)
    expect(mesh.spec('DestinationRule', 'a', 'callers')).toMatchObject({
      subsets: [{ name: 'v1' }, { name: 'v2', labels: { version: 'v2' } }],
    })
    expect(mesh.spec('DestinationRule')).toMatchObject({ host: 'reviews' })
  })

  test('a subset that selects the version is used, whatever its name', () => {
    const rule = {
      host: 'reviews',
      subsets: [
        { name: 'stable', labels: { version: 'v1' } },
        { name: 'next', labels: { version: 'v2' } },
      ],
    }
    const mesh = new CanaryMesh([destinationRule(rule)], { v1: 1, v2: 1 })
    mesh.put('v2', 25)
    expect(mesh.weights).toEqual({ stable: 75, next: 25 })
    expect(mesh.spec('DestinationRule')).toEqual(rule)
  })
})

describe('steps', () => {
  test('proportions survive a step that leaves the others nothing', () => {
    const mesh = new CanaryMesh([virtualService(split(to('v1', 2), to('v2', 1)))], {})
    mesh.put('v3', 100)
    expect(mesh.weights).toEqual({ v1: 0, v2: 0, v3: 100 })
    mesh.put('v3', 10)
    expect(mesh.weights).toEqual({ v1: 60, v2: 30, v3: 10 })
  })

  test('what somebody else makes of the split is taken as it is', () => {
    const mesh = new CanaryMesh([virtualService(split(to('v1', 2), to('v2', 1)))], {})
    mesh.put('v3', 10)
    mesh.edit(virtualService(split(to('v1', 10), to('v2', 40), to('v3', 50))))
    mesh.put('v3', 0)
    expect(mesh.weights).toEqual({ v1: 20, v2: 80, v3: 0 })
  })

  test('match rules are replaced, and their end is told', () => {
    const mesh = new CanaryMesh([virtualService(split(to('v1')))], { v1: 1, v2: 1, v3: 1 })
    mesh.put('v2', 0, IPHONE)
    expect(mesh.put('v2', 0, [{ uri: { exact: '/x' } }])).toEqual([])
    expect(mesh.spec('VirtualService')).toMatchObject({ http: [{ match: [{ uri: { exact: '/x' } }] }, {}] })
    expect(mesh.put('v3', 5)).toEqual(['the match rules of before are gone: send match again to keep them'])
    expect(mesh.spec('VirtualService')).toEqual(split(to('v1', 95), to('v2', 0), to('v3', 5)))
  })

  test('promotion: everything to the canary and no match rules; a next canary starts from there', () => {
    const mesh = new CanaryMesh([virtualService(split(to('v1')))], { v1: 1, v2: 1, v3: 1 })
    mesh.put('v2', 5, IPHONE)
    mesh.promote()
    expect(mesh.spec('VirtualService')).toEqual(split(to('v2', 100)))
    expect(mesh.situation.record).toMatchObject({ subset: 'v2', weight: 100, match: [], promoted: true })
    mesh.put('v3', 30)
    mesh.rollback()
    expect(mesh.spec('VirtualService')).toEqual(split(to('v2', 100)))
  })

  test('a promotion can be rolled back to before the first step', () => {
    const mesh = new CanaryMesh([virtualService(split(to('v1')))], { v1: 1, v2: 1 })
    mesh.put('v2', 5)
    mesh.promote()
    mesh.rollback()
    expect(mesh.spec('VirtualService')).toEqual(split(to('v1')))
    expect(mesh.situation.record).toBeUndefined()
  })

  test('rolled back after others have changed the resource, their changes stay', () => {
    const mesh = new CanaryMesh([virtualService(split(to('v1')))], { v1: 1, v2: 1 })
    mesh.put('v2', 5, IPHONE)
    const [rule, rest] = (mesh.spec('VirtualService') as { http: object[] }).http
    const own = { name: 'own', match: [{ uri: { exact: '/own' } }], route: [to('v1')] }
    mesh.edit(virtualService({ hosts: ['reviews'], http: [rule, own, { ...rest, timeout: '1s' }] }))
    mesh.rollback()
    expect(mesh.spec('VirtualService')).toEqual({
      hosts: ['reviews'],
      http: [own, { route: [to('v1')], timeout: '1s' }],
    })
  })

  test('a subset that somebody routes to by then stays', () => {
    const mesh = new CanaryMesh([virtualService(split(to('v1'))), destinationRule(subsets('v1'))], { v1: 1, v2: 1 })
    mesh.put('v2', 5)
    mesh.edit(virtualService({ hosts: ['ratings'], http: [{ route: [to('v2')] }] }, 'ratings'))
    expect(mesh.rollback()).toEqual(['DestinationRule default/reviews keeps v2, which routes lead to'])
    expect(mesh.spec('DestinationRule')).toEqual(subsets('v1', 'v2'))
  })

  test('a VirtualService that was deleted in the meantime is not made again', () => {
    const mesh = new CanaryMesh([virtualService(split(to('v1')))], { v1: 1, v2: 1 })
    mesh.put('v2', 5)
    mesh.situation = { ...mesh.situation, virtualServices: [] }
    expect(mesh.rollback()).toEqual([expect.stringContaining('was deleted in the meantime')])
    expect(mesh.spec('VirtualService')).toBeUndefined()
  })

  test('a version that nobody has is taken, with a warning', () => {
    const mesh = new CanaryMesh([virtualService(split(to('v1')))], { v1: 1 })
    expect(mesh.put('v9', 5)).toEqual([
      expect.stringContaining('no workload of reviews.default.svc.cluster.local has the version v9 yet'),
    ])
    expect(mesh.put('v9', 0)).toEqual([])
  })
})

const httpRoute = (namespace: string, ...parentRefs: readonly object[]): ConfigResource =>
  requestRoute('HTTPRoute', namespace, parentRefs)

const requestRoute = (kind: string, namespace: string, parentRefs: readonly object[]): ConfigResource => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind,
  metadata: { name: 'route', namespace },
  spec: { parentRefs },
})

test('HTTPRoutes of other callers are not in the way and are told, those of other services and of gateways are not', () => {
  const mesh = new CanaryMesh(
    [
      httpRoute('shop', { group: '', kind: 'Service', name: 'reviews', namespace: 'default' }),
      httpRoute('default', { group: '', kind: 'Service', name: 'ratings' }, { name: 'reviews' }),
      requestRoute('GRPCRoute', 'other', [{ group: '', kind: 'Service', name: 'reviews', namespace: 'default' }]),
    ],
    { v1: 1, v2: 1 },
  )
  const told = [
    'callers in the namespace shop follow HTTPRoute shop/route and feel nothing of this',
    'callers in the namespace other follow GRPCRoute other/route and feel nothing of this',
  ]
  expect(mesh.put('v2', 10)).toEqual(told)
  expect(mesh.promote()).toEqual(told)
})

describe('what is in the way', () => {
  const ruled = (...resources: ConstructorParameters<typeof CanaryMesh>[0]) =>
    new CanaryMesh(resources, { v1: 1, v2: 1 })
  const noRest = { hosts: ['reviews'], http: [{ match: [{ uri: { exact: '/' } }], route: [to('v1')] }] }

  test.each([
    ['nobody to carry the rest', new CanaryMesh([], { v2: 2 }), 422, 'nothing can carry the other 90 %'],
    ['workloads without a version', new CanaryMesh([], {}), 422, 'no workload has a label version'],
    ['no rule for the rest', ruled(virtualService(noRest)), 422, 'has no http route without a match'],
    [
      'several VirtualServices',
      ruled(virtualService(split(to('v1'))), virtualService(split(to('v1')), 'b')),
      409,
      'default/reviews and default/b',
    ],
    [
      'an HTTPRoute of the service',
      ruled(httpRoute('default', { group: '', kind: 'Service', name: 'reviews' })),
      409,
      'HTTPRoute default/route rules reviews.default.svc.cluster.local',
    ],
    [
      'a GRPCRoute of the service',
      ruled(requestRoute('GRPCRoute', 'default', [{ group: '', kind: 'Service', name: 'reviews' }])),
      409,
      'GRPCRoute default/route rules reviews.default.svc.cluster.local',
    ],
    [
      'a wildcard',
      ruled(virtualService({ ...split(to('v1')), hosts: ['*.default.svc.cluster.local'] })),
      409,
      'through a wildcard',
    ],
    [
      'a rule that redirects',
      ruled(virtualService({ hosts: ['reviews'], http: [{ redirect: { uri: '/' } }] })),
      409,
      'has no destinations',
    ],
    [
      'a wildcard DestinationRule',
      ruled(destinationRule({ host: '*.default.svc.cluster.local' })),
      409,
      'DestinationRule default/reviews',
    ],
  ])('%s', (_, mesh, status, message) => {
    expect(mesh.refusal('v2', 10)).toEqual({ status, message: expect.stringContaining(message) })
  })

  test('one for gateways only is not', () => {
    expect(ruled(virtualService({ ...split(to('v1')), gateways: ['gw'] })).refusal('v2', 10)).toBeUndefined()
  })

  test('with everything for the canary nobody has to carry the rest', () => {
    expect(new CanaryMesh([], { v2: 1 }).refusal('v2', 100)).toBeUndefined()
  })

  test('without a canary there is nothing to promote or to roll back', () => {
    const mesh = ruled()
    expect(() => mesh.promote()).toThrow('404')
    expect(() => mesh.rollback()).toThrow('404')
  })

  test('a canary whose VirtualService rules no more cannot be promoted', () => {
    const mesh = ruled(virtualService(split(to('v1'))))
    mesh.put('v2', 5)
    mesh.edit(virtualService({ ...split(to('v1')), hosts: ['other'] }))
    expect(() => mesh.promote()).toThrow('409')
  })
})

describe('requests', () => {
  test('a match is optional', () => {
    expect(parseCanaryRequest({ subset: 'v2', weight: 0 })).toEqual({
      ok: true,
      value: { subset: 'v2', weight: 0, match: [] },
    })
  })

  test.each([
    [null, ['']],
    [{}, ['subset', 'weight']],
    [{ subset: 'v2', weight: 10.5 }, ['weight']],
    [{ subset: 'v2', weight: 101 }, ['weight']],
    [{ subset: 'v2', weight: '10' }, ['weight']],
    [{ subset: '!', weight: 1 }, ['subset']],
    [{ subset: 'v2', weight: 1, percent: 2 }, ['percent']],
    [{ subset: 'v2', weight: 1, match: {} }, ['match']],
    [{ subset: 'v2', weight: 1, match: [{ header: {} }] }, ['match[0].header']],
    [{ subset: 'v2', weight: 1, match: [{ uri: { regex: '(?=x)' } }] }, ['match[0].uri.regex']],
  ])('%j', (body, fields) => {
    const parsed = parseCanaryRequest(body)
    expect(parsed.ok ? [] : parsed.error.map(({ field }) => field)).toEqual(fields)
  })

  test('versions are counted by workload, however many ports it has', () => {
    const model = testModel()
    const port = (number: number) => ({
      name: `p${number}`,
      servicePort: number,
      port: number,
      listenPort: number,
      protocol: 'http' as const,
    })
    model.register({
      a: { labels: { version: 'v2' }, ports: [port(80), port(81)] },
      b: { labels: { version: 'v1' } },
      c: { address: '127.0.0.3', labels: { version: 'v2' } },
      d: { address: '127.0.0.4', labels: {} },
      e: { service: 'ratings', labels: { version: 'v7' } },
    })
    const host = 'reviews.default.svc.cluster.local'
    const versions = registeredVersions(model.current, { host, name: 'reviews', namespace: 'default' })
    expect([...versions]).toEqual([
      ['v1', 1],
      ['v2', 2],
    ])
  })
})
