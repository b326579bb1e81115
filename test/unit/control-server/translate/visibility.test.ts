import { describe, expect, test } from 'vitest'
import { scopeOf } from '../../../../packages/control-server/src/translate/client-scope.ts'
import { translateCluster } from '../../../../packages/control-server/src/translate/clusters.ts'
import { calledService, contextFor } from '../../../../packages/control-server/src/translate/context.ts'
import {
  hostIndexKey,
  outboundTrafficPolicy,
  visibleHosts,
} from '../../../../packages/control-server/src/translate/hosts.ts'
import { indexPolicies } from '../../../../packages/control-server/src/translate/policy-index.ts'
import { translateRoutes } from '../../../../packages/control-server/src/translate/routes.ts'
import { specialNamespaces } from '../../../../packages/control-server/src/translate/special-namespaces.ts'
import {
  meshConfig,
  service,
  serviceEntry,
  sidecar,
  type TestResource,
  testModel,
  virtualService,
} from '../../../support/test-model.ts'

type Spec = Readonly<Record<string, unknown>>

interface Client {
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
}

/** Each resource in a commit of its own, so that the first is the oldest. */
function modelOf(resources: readonly TestResource[]) {
  const model = testModel()
  for (const resource of resources) model.put(resource)
  return model.current
}

function seen(resources: readonly TestResource[], { namespace = 'a', labels = {} }: Client = {}) {
  const model = modelOf(resources)
  const policies = indexPolicies(model)
  return contextFor(model, policies, scopeOf({ namespace, labels }, policies.clientLabelKeys))
}

const entry = (name: string, spec: object, namespace = 'a'): TestResource =>
  serviceEntry(
    name,
    {
      hosts: ['ext.com'],
      ports: [{ name: 'http', number: 80, protocol: 'HTTP' }],
      resolution: 'STATIC',
      endpoints: [{ address: '1.1.1.1' }],
      ...spec,
    },
    namespace,
  )

const web = (namespace: string, exportTo?: string): TestResource => {
  const resource = service('web', { ports: [{ port: 80 }, { port: 81, name: 'x' }] }, namespace)
  const annotations = exportTo === undefined ? {} : { 'networking.istio.io/exportTo': exportTo }
  return { ...resource, metadata: { ...resource.metadata, annotations } } as TestResource
}
const webOf = (namespace: string): string => `web.${namespace}.svc.cluster.local`

describe('to whom a service is visible', () => {
  test.each<[string, TestResource[], string[]]>([
    ['everybody', [entry('e', {})], ['ext.com']],
    ['its own namespace', [entry('e', { exportTo: ['.'] })], ['ext.com']],
    ['another namespace', [entry('e', { exportTo: ['b'] })], []],
    ['nobody', [entry('e', { exportTo: ['~'] })], []],
    ['a namespace by name', [entry('e', { exportTo: ['a', 'c'] }, 'b')], ['ext.com']],
    ['a Service by its annotation', [web('b', '.'), web('a', '.')], [webOf('a')]],
    [
      'as the mesh says, where a resource says nothing',
      [meshConfig({ defaultServiceExportTo: ['.'] }), web('b'), web('a'), entry('e', { exportTo: ['*'] }, 'b')],
      ['ext.com', webOf('a')],
    ],
    ['with its addresses', [entry('e', { addresses: ['240.0.0.1'] })], ['240.0.0.1', 'ext.com']],
    ['without the addresses of what is not exported', [entry('e', { addresses: ['240.0.0.1'], exportTo: ['b'] })], []],
    [
      'an alias that has no ports is left to the resolver',
      [service('db', { type: 'ExternalName', externalName: 'x.com' }, 'a')],
      [],
    ],
  ])('%s', (_what, resources, hosts) => {
    expect([...visibleHosts(seen(resources))].sort()).toEqual(hosts)
  })

  test('and what it is called by leads to the same clusters', () => {
    const context = seen([entry('e', { addresses: ['240.0.0.1'] })])
    const routes = translateRoutes(context, '240.0.0.1')
    expect(routes?.name).toBe('240.0.0.1')
    expect(routes?.virtualHosts[0]?.routes[0]?.route?.clusters).toEqual([
      { cluster: 'outbound|80||ext.com', weight: 1 },
    ])
  })

  test('a Service keeps its address, whoever else claims it and whatever that is called', () => {
    const own = service('web', { clusterIP: '10.96.0.7', ports: [{ port: 80 }] }, 'b')
    const claim = entry('e', { hosts: ['a.example.com'], addresses: ['10.96.0.7'] }, 'c')
    for (const resources of [
      [own, claim],
      [claim, own],
    ]) {
      expect(seen(resources).model.services.get('10.96.0.7')?.host).toBe(webOf('b'))
    }
  })

  test.each<[string, TestResource[], string | undefined]>([
    ['the oldest', [entry('old', {}, 'c'), entry('new', {}, 'b')], 'c/old'],
    [
      'one for the namespace before an older public one',
      [entry('old', {}, 'b'), entry('own', { exportTo: ['a'] }, 'b')],
      'b/own',
    ],
    ['a private one before both', [entry('b', { exportTo: ['a'] }, 'b'), entry('own', { exportTo: ['.'] })], 'a/own'],
    ['not one that is not exported', [entry('old', { exportTo: ['.'] }, 'b'), entry('new', {}, 'c')], 'c/new'],
    ['a Service before any', [entry('e', { hosts: [webOf('b')] }), web('b')], undefined],
  ])('of several definitions of a host: %s', (_what, resources, expected) => {
    const host = expected === undefined ? webOf('b') : 'ext.com'
    const context = seen(resources)
    expect(context.model.services.get(host)?.entry).toBe(expected)
    // What is behind the cluster is the same definition's.
    const cluster = translateCluster(context, `outbound|80||${host}`)
    expect(cluster?.assignment.entry).toBe(expected)
  })

  test('most namespaces share one host index', () => {
    const resources = [
      entry('e', { exportTo: ['.', 'c'] }),
      web('b'),
      sidecar('s', { egress: [{ hosts: ['./*'] }] }, 'd'),
    ]
    const special = specialNamespaces(modelOf(resources))
    const keys = ['a', 'b', 'c', 'd', 'e'].map((namespace) => hostIndexKey(seen(resources, { namespace }), special))
    expect(keys).toEqual(['namespace a', '', 'namespace c', 'sidecar d/s d', ''])
  })
})

describe('what a Sidecar lets its clients call', () => {
  const MESH = [web('a'), web('b'), entry('e', {}, 'b')]
  const all = [webOf('a'), webOf('b'), 'ext.com'].sort()
  const egress = (...hosts: string[]): Spec => ({ egress: [{ hosts }] })

  test.each<[string, Spec, string[]]>([
    ['without egress everything', { outboundTrafficPolicy: {} }, all],
    ['every namespace', egress('*/*'), all],
    ['its own namespace', egress('./*'), [webOf('a')]],
    ['a namespace by name', egress('b/*'), ['ext.com', webOf('b')]],
    ['a host of any', egress('*/ext.com'), ['ext.com']],
    ['a host of another namespace', egress('a/ext.com'), []],
    [
      'what is said of a namespace beside what is said of all',
      egress('*/ext.com', 'b/*.cluster.local'),
      ['ext.com', webOf('b')],
    ],
    ['hosts by a wildcard', egress('*/*.b.svc.cluster.local'), [webOf('b')]],
    ['nothing', egress('~/*'), []],
    ['without some', egress('*/*', '~b/ext.com'), [webOf('a'), webOf('b')]],
    ['without some of any namespace', egress('*/*', '~/ext.com'), [webOf('a'), webOf('b')]],
    ['without some of its own namespace', egress('*/*', '~./*'), ['ext.com', webOf('b')]],
    ['a host in another case', egress('*/EXT.com'), ['ext.com']],
  ])('%s', (_what, spec, hosts) => {
    expect(
      [...visibleHosts(seen([...MESH, sidecar('s', spec as Readonly<Record<string, unknown>>, 'a')]))].sort(),
    ).toEqual(hosts)
  })

  test.each<[string, object[], number[] | undefined]>([
    ['a listener for a port', [{ port: { number: 81 }, hosts: ['*/*'] }], [81]],
    ['one for the rest', [{ port: { number: 81 }, hosts: ['~/*'] }, { hosts: ['*/*'] }], [80]],
    ['both', [{ port: { number: 81 }, hosts: ['*/*'] }, { hosts: ['*/*'] }], [80, 81]],
    ['neither', [{ port: { number: 81 }, hosts: ['b/*'] }], undefined],
  ])('by ports: %s', (_what, listeners, ports) => {
    const context = seen([...MESH, sidecar('s', { egress: listeners }, 'a')])
    expect(calledService(context, webOf('a'))?.ports.map(({ number }) => number)).toEqual(ports)
    const routes = translateRoutes(context, webOf('a'))
    expect(routes?.virtualHosts.map(({ port }) => port)).toEqual(ports)
  })

  test.each<[string, TestResource[], Client, string | undefined]>([
    ['none', [], {}, undefined],
    [
      'that of its namespace',
      [sidecar('s', egress('*/*'), 'a'), sidecar('r', egress('*/*'), 'istio-system')],
      {},
      'a/s',
    ],
    [
      'that of the root',
      [sidecar('s', egress('*/*'), 'b'), sidecar('r', egress('*/*'), 'istio-system')],
      {},
      'istio-system/r',
    ],
    [
      'one that selects it before one for all',
      [sidecar('s', egress('*/*'), 'a'), sidecar('l', { workloadSelector: { labels: { x: '1' } } }, 'a')],
      { labels: { x: '1' } },
      'a/l',
    ],
    [
      'not one that selects others',
      [sidecar('s', egress('*/*'), 'a'), sidecar('l', { workloadSelector: { labels: { x: '1' } } }, 'a')],
      { labels: { x: '2' } },
      'a/s',
    ],
    [
      'not one of the root with a selector',
      [sidecar('l', { workloadSelector: { labels: { x: '1' } } }, 'istio-system')],
      { labels: { x: '1' } },
      undefined,
    ],
    ['the oldest of two', [sidecar('z', egress('*/*'), 'a'), sidecar('b', egress('*/*'), 'a')], {}, 'a/z'],
  ])('which one holds: %s', (_what, resources, client, expected) => {
    expect(seen(resources, client).sidecar?.name).toBe(expected)
  })

  test("`.` is the namespace of the client, also where the Sidecar is the root's", () => {
    const context = seen([...MESH, sidecar('r', egress('./*'), 'istio-system')], { namespace: 'b' })
    expect([...visibleHosts(context)].sort()).toEqual(['ext.com', webOf('b')])
  })

  test('leaves destinations of routes alone', () => {
    const route = { route: [{ destination: { host: webOf('b'), port: { number: 80 } } }] }
    const context = seen([
      ...MESH,
      virtualService('v', { hosts: ['web'], http: [route] }, 'a'),
      sidecar('s', egress('./*'), 'a'),
    ])
    const [first] = translateRoutes(context, webOf('a'))?.virtualHosts[0]?.routes ?? []
    expect(first?.route?.clusters[0]?.cluster).toBe(`outbound|80||${webOf('b')}`)
    expect(translateCluster(context, `outbound|80||${webOf('b')}`)).toBeDefined()
    expect(translateRoutes(context, webOf('b'))).toBeUndefined()
  })

  test.each([
    [egress('b/*'), 'default'],
    [egress('*/web.a.svc.cluster.local'), 'ruled'],
    [egress('a/*'), 'ruled'],
    [egress('a/*', '~./web.a.svc.cluster.local'), 'default'],
  ])('looks at VirtualServices that %j imports: %s', (spec, name) => {
    const http = [{ name: 'ruled', route: [{ destination: { host: 'web' } }] }]
    const context = seen([...MESH, virtualService('v', { hosts: ['web'], http }, 'a'), sidecar('s', { ...spec }, 'a')])
    const ruled = context.policies.virtualServices.find(webOf('a'), 'a').length > 0 ? 'ruled' : 'default'
    expect(ruled).toBe(name)
  })

  test.each<[string, TestResource[], string]>([
    ['nobody', [], 'ALLOW_ANY'],
    ['the mesh', [meshConfig({ outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } })], 'REGISTRY_ONLY'],
    [
      'the Sidecar before the mesh',
      [meshConfig({ outboundTrafficPolicy: {} }), sidecar('s', { outboundTrafficPolicy: { mode: 'ALLOW_ANY' } }, 'a')],
      'ALLOW_ANY',
    ],
    [
      'the mesh where the Sidecar is silent',
      [meshConfig({ outboundTrafficPolicy: {} }), sidecar('s', egress('*/*'), 'a')],
      'REGISTRY_ONLY',
    ],
    ['a block without a mode', [sidecar('s', { outboundTrafficPolicy: {} }, 'a')], 'REGISTRY_ONLY'],
  ])('what becomes of other hosts is said by %s', (_what, resources, expected) => {
    expect(outboundTrafficPolicy(seen(resources))).toBe(expected)
  })
})

describe('an alias', () => {
  const alias = (name: string, externalName: string, more: object = {}): TestResource =>
    service(name, { type: 'ExternalName', externalName, ...more }, 'a')
  const host = (name: string): string => `${name}.a.svc.cluster.local`

  test.each<[string, TestResource[], string]>([
    ['of a service is that service', [web('b'), alias('x', webOf('b'))], webOf('b')],
    ['with a dot at its end too', [web('b'), alias('x', `${webOf('b')}.`)], webOf('b')],
    ['of an alias is what that is', [web('b'), alias('x', host('y')), alias('y', webOf('b'))], webOf('b')],
    ['of itself stays one', [alias('x', host('x'), { ports: [{ port: 80 }] })], host('x')],
    ['in a circle ends', [alias('x', host('y'), { ports: [{ port: 80 }] }), alias('y', host('x'))], host('x')],
    [
      'of what is not exported is a name elsewhere',
      [web('b', '.'), alias('x', webOf('b'), { ports: [{ port: 80 }] })],
      host('x'),
    ],
  ])('%s', (_what, resources, expected) => {
    const context = seen(resources)
    expect(context.model.services.get(host('x'))?.host).toBe(expected)
    expect([...visibleHosts(context)]).toContain(host('x'))
  })

  test('is called with the routes and at the ports of the service', () => {
    const http = [{ name: 'ruled', route: [{ destination: { host: webOf('b') } }] }]
    const context = seen([web('b'), alias('x', webOf('b')), virtualService('v', { hosts: [webOf('b')], http }, 'b')])
    const routes = translateRoutes(context, host('x'))
    expect([routes?.name, routes?.virtualHosts.map(({ port }) => port)]).toEqual([host('x'), [80, 81]])
    expect(routes?.virtualHosts[0]?.routes[0]).toMatchObject({ name: 'ruled' })
  })
})

describe('a host that is no service but that a VirtualService routes', () => {
  const routed = (host: string, more: object = {}, namespace = 'a'): TestResource =>
    virtualService(
      `v-${namespace}`,
      { hosts: [host], http: [{ name: 'r', route: [{ destination: { host: webOf('b') } }] }], ...more },
      namespace,
    )

  test.each<[string, TestResource[], string[]]>([
    ['is called by its name', [routed('alias.com')], ['alias.com']],
    ['also by a wildcard', [routed('*.alias.com')], ['*.alias.com']],
    ['also where it is meant for a service to come', [routed('later')], ['later.a.svc.cluster.local']],
    ['not where it is for a gateway', [routed('alias.com', { gateways: ['edge'] })], []],
    ['not where it is not exported', [routed('alias.com', { exportTo: ['.'] }, 'b')], []],
    ['not where it is short for a service', [web('b'), routed('web.b')], [webOf('b')]],
    [
      'not where the Sidecar does not import it',
      [routed('alias.com', {}, 'b'), sidecar('s', { egress: [{ hosts: ['./*'] }] }, 'a')],
      [],
    ],
  ])('%s', (_what, resources, hosts) => {
    expect([...visibleHosts(seen(resources))].sort()).toEqual(hosts)
  })

  test('has the routes, at port 80 and those that they name', () => {
    const routes = translateRoutes(
      seen([
        web('b'),
        routed('alias.com', {
          http: [
            {
              match: [{ port: 8080 }],
              name: 'r',
              route: [{ destination: { host: webOf('b'), port: { number: 81 } } }],
            },
          ],
        }),
      ]),
      'alias.com',
    )
    expect(routes?.virtualHosts.map(({ port }) => port)).toEqual([80, 81, 8080])
    expect(routes?.virtualHosts.at(-1)?.routes[0]).toMatchObject({
      name: 'r',
      route: { clusters: [{ cluster: `outbound|81||${webOf('b')}` }] },
    })
  })

  test('has the ports of the wildcard that it stands under', () => {
    const wildcard = entry('e', { hosts: ['*.com'], ports: [{ name: 'http', number: 7000, protocol: 'HTTP' }] })
    const context = seen([wildcard, web('b'), routed('alias.com')])
    expect(translateRoutes(context, 'alias.com')?.virtualHosts.map(({ port }) => port)).toEqual([7000])
    expect([...visibleHosts(context)].sort()).toEqual(['*.com', 'alias.com', webOf('b')])
  })
})

describe('how the endpoints of a cluster are found', () => {
  const discovered = (spec: object, ...others: TestResource[]): object | undefined =>
    translateCluster(seen([entry('e', { ...spec, endpoints: [] }), ...others]), 'outbound|80||ext.com')?.cluster

  test('by the resolution', () => {
    expect(discovered({ resolution: 'STATIC' })).not.toHaveProperty('discoveryType')
    expect(discovered({ resolution: 'DNS' })).toMatchObject({ discoveryType: 'STRICT_DNS' })
    expect(discovered({ resolution: 'DNS' })).not.toHaveProperty('dnsRefreshRateMs')
    expect(discovered({ resolution: 'DNS_ROUND_ROBIN' })).toMatchObject({ discoveryType: 'LOGICAL_DNS' })
  })

  test('as often as the mesh says', () => {
    expect(discovered({ resolution: 'DNS' }, meshConfig({ dnsRefreshRate: '5s' }))).toMatchObject({
      dnsRefreshRateMs: 5000,
    })
  })

  test('where the caller says, at the port that the resource says', () => {
    const ports = [{ name: 'http', number: 80, protocol: 'HTTP', targetPort: 8080 }]
    expect(discovered({ resolution: 'NONE', ports })).toMatchObject({
      discoveryType: 'ORIGINAL_DST',
      upstreamPortOverride: 8080,
    })
    expect(discovered({ resolution: 'NONE' })).not.toHaveProperty('upstreamPortOverride')
  })
})
