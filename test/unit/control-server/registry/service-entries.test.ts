import { describe, expect, test } from 'vitest'
import { definitionsOf } from '../../../../packages/control-server/src/registry/definitions.ts'
import type { Model } from '../../../../packages/control-server/src/registry/model.ts'
import { ModelBuilder } from '../../../../packages/control-server/src/registry/model-builder.ts'
import { Entries, known, knownPort, type Put, resource, workload } from './fixtures.ts'

const HOST = 'api.example.com'

function build(...puts: readonly Put[]): { builder: ModelBuilder; entries: Entries; model: Model } {
  const entries = new Entries()
  const builder = new ModelBuilder('cluster.local', entries.revision, entries.all)
  // One by one, so that each is younger than the one before.
  for (const put of puts) builder.apply(entries.change(put))
  return { builder, entries, model: builder.model }
}

const entry = (name: string, spec: object, namespace = 'default'): Put =>
  resource('ServiceEntry', name, { hosts: [HOST], ports: [port(80)], resolution: 'STATIC', ...spec }, namespace)

const port = (number: number, more: object = {}): object => ({
  name: `http-${number}`,
  number,
  protocol: 'HTTP',
  ...more,
})

const workloadEntry = (name: string, spec: object, namespace = 'default'): Put =>
  resource('WorkloadEntry', name, { address: '10.1.0.1', labels: { app: 'vm' }, ...spec }, namespace)

/** `address:port` of everything behind each definition of a host. */
function served(model: Model, number = 80, host = HOST): string[][] {
  return definitionsOf(model, host).map((service) =>
    model
      .instances(host, number, service.entry)
      .map(({ workload: { address }, listenPort }) => `${address}:${listenPort}`)
      .sort(),
  )
}

describe('a ServiceEntry', () => {
  test.each<[string, object, string[]]>([
    ['an endpoint at the port of the service', { endpoints: [{ address: '1.1.1.1' }] }, ['1.1.1.1:80']],
    [
      'the targetPort goes before the number',
      { ports: [port(80, { targetPort: 8080 })], endpoints: [{ address: '1.1.1.1' }] },
      ['1.1.1.1:8080'],
    ],
    [
      'a targetPort of 0 is none',
      { ports: [port(80, { targetPort: 0 })], endpoints: [{ address: '1.1.1.1' }] },
      ['1.1.1.1:80'],
    ],
    [
      'the port by name goes before both',
      { ports: [port(80, { targetPort: 8080 })], endpoints: [{ address: '1.1.1.1', ports: { 'http-80': 9 } }] },
      ['1.1.1.1:9'],
    ],
    ['a name without endpoints is its own', { resolution: 'DNS' }, ['api.example.com:80']],
    ['also where it is resolved at each connection', { resolution: 'DNS_ROUND_ROBIN' }, ['api.example.com:80']],
    [
      'names that have endpoints are those',
      { resolution: 'DNS', endpoints: [{ address: 'a.example.com' }] },
      ['a.example.com:80'],
    ],
    ['nothing is found where the caller names it', { resolution: 'NONE' }, []],
    ['a socket is for a proxy', { endpoints: [{ address: 'unix:///x' }, { address: '1.1.1.1' }] }, ['1.1.1.1:80']],
  ])('%s', (_what, spec, expected) => {
    expect(served(build(entry('e', spec)).model)).toEqual([expected])
  })

  test.each([
    ['STATIC', undefined],
    ['DNS', 'STRICT_DNS'],
    ['DNS_ROUND_ROBIN', 'LOGICAL_DNS'],
    ['NONE', 'ORIGINAL_DST'],
    ['DYNAMIC_DNS', 'ORIGINAL_DST'],
    [undefined, 'ORIGINAL_DST'],
  ])('of resolution %s is discovered by %s', (resolution, discoveryType) => {
    expect(build(entry('e', { resolution })).model.services.get(HOST)?.discoveryType).toBe(discoveryType)
  })

  test('is one service a host, in its namespace, called as the host', () => {
    const { model } = build(entry('e', { hosts: ['API.example.com', '*.b.com'], location: 'MESH_INTERNAL' }, 'prod'))
    expect([...model.services.keys()].sort()).toEqual(['*.b.com', 'api.example.com'])
    expect(model.services.get(HOST)).toMatchObject({ name: HOST, namespace: 'prod', entry: 'prod/e', external: false })
  })

  test('with a selector takes WorkloadEntries and registered workloads of its namespace', () => {
    const selector = { workloadSelector: { labels: { app: 'vm' } }, ports: [port(80, { targetPort: 9080 })] }
    const { model, builder, entries } = build(
      entry('e', selector),
      workloadEntry('one', {}),
      workloadEntry('two', { address: '10.1.0.2', ports: { 'http-80': 7 } }),
      workloadEntry('other', { labels: { app: 'x' } }),
      workloadEntry('elsewhere', {}, 'prod'),
      workload('w', { labels: { app: 'vm' } }),
    )
    expect(served(model)).toEqual([['10.0.0.1:41000', '10.1.0.1:9080', '10.1.0.2:7']])
    const change = builder.apply(entries.change(workloadEntry('one', { labels: { app: 'gone' } })))
    expect([[...change.instances], [...change.services], served(change.model)]).toEqual([
      [HOST],
      [],
      [['10.0.0.1:41000', '10.1.0.2:7']],
    ])
  })

  test('with a selector without labels takes every workload of its namespace', () => {
    const { model } = build(entry('e', { workloadSelector: {} }), workloadEntry('one', { labels: {} }))
    expect(served(model)).toEqual([['10.1.0.1:80']])
  })

  test('and another of its namespace for the same host are one, the older one first', () => {
    const { model, builder, entries } = build(
      entry('z', { endpoints: [{ address: '1.1.1.1' }] }),
      entry('a', { ports: [port(80, { targetPort: 1 }), port(81)], endpoints: [{ address: '2.2.2.2' }] }),
    )
    expect(
      definitionsOf(model, HOST).map(({ entry: name, ports }) => [name, ports.map(({ number }) => number)]),
    ).toEqual([['default/z', [80, 81]]])
    expect([served(model, 80), served(model, 81)]).toEqual([[['1.1.1.1:80', '2.2.2.2:1']], [['2.2.2.2:81']]])
    const { model: after } = builder.apply(entries.change(resource('ServiceEntry', 'z', undefined)))
    expect(definitionsOf(after, HOST).map(({ entry: name }) => name)).toEqual(['default/a'])
  })

  test.each<[string, Put]>([
    ['of another namespace', entry('b', { endpoints: [{ address: '2.2.2.2' }] }, 'prod')],
    ['for other clients', entry('b', { endpoints: [{ address: '2.2.2.2' }], exportTo: ['.'] })],
    ['of another resolution', entry('b', { resolution: 'DNS', endpoints: [{ address: '2.2.2.2' }] })],
  ])('and another %s stay apart', (_what, other) => {
    const { model } = build(entry('a', { endpoints: [{ address: '1.1.1.1' }] }), other)
    expect(served(model)).toEqual([['1.1.1.1:80'], ['2.2.2.2:80']])
  })

  test('yields to a Service and to registrations of the same host', () => {
    const host = 'reviews.default.svc.cluster.local'
    const se = entry('e', { hosts: [host], endpoints: [{ address: '1.1.1.1' }] })
    const { model, builder, entries } = build(se, known('reviews', [knownPort(80)]), workload('w'))
    expect(model.services.get(host)?.entry).toBeUndefined()
    expect(served(model, 80, host)).toEqual([['10.0.0.1:41000'], ['1.1.1.1:80']])
    const gone = builder.apply(entries.change([known('reviews', [])[0], undefined]))
    expect([gone.model.services.get(host)?.entry, [...gone.services]]).toEqual(['default/e', [host]])
  })

  test('is found by its virtual addresses', () => {
    const { model, builder, entries } = build(entry('e', { addresses: ['240.0.0.1', '10.9.0.0/16', '240.0.0.2/32'] }))
    expect(Object.fromEntries(model.addresses)).toEqual({
      '240.0.0.1': [HOST],
      '10.9.0.0/16': [HOST],
      '240.0.0.2': [HOST],
    })
    const change = builder.apply(entries.change(entry('e', { addresses: ['240.0.0.3'] })))
    expect(Object.fromEntries(change.model.addresses)).toEqual({ '240.0.0.3': [HOST] })
    expect([...change.services].sort()).toEqual([HOST, '10.9.0.0/16', '240.0.0.1', '240.0.0.2', '240.0.0.3'].sort())
  })

  test('that only has other endpoints leaves the service as it was', () => {
    const { model, builder, entries } = build(entry('e', { endpoints: [{ address: '1.1.1.1' }] }))
    const change = builder.apply(entries.change(entry('e', { endpoints: [{ address: '2.2.2.2' }] })))
    expect([[...change.services], [...change.instances], served(change.model)]).toEqual([[], [HOST], [['2.2.2.2:80']]])
    expect(change.model.services.get(HOST)).toBe(model.services.get(HOST))
  })

  test('that changes nothing of a host leaves the objects of others alone', () => {
    const { model, builder, entries } = build(entry('e', {}), entry('f', { hosts: ['other.com'] }))
    const { model: after } = builder.apply(entries.change(entry('f', { hosts: ['other.com'], ports: [port(81)] })))
    expect(after.services.get(HOST)).toBe(model.services.get(HOST))
  })
})

describe('a Service', () => {
  const service = (spec: object, name = 'vm'): Put => resource('Service', name, spec)
  const host = 'vm.default.svc.cluster.local'

  test('takes WorkloadEntries by its selector, and keeps them apart from registrations', () => {
    const { model } = build(
      service({
        selector: { app: 'vm' },
        ports: [
          { name: 'http', port: 80, targetPort: 9080 },
          { name: 'x', port: 81, targetPort: 'y' },
        ],
      }),
      workloadEntry('one', { locality: 'r/z/s', weight: 3, serviceAccount: 'sa' }),
      workloadEntry('two', {
        address: '10.1.0.2',
        labels: { app: 'vm', 'istio-locality': 'r.z' },
        ports: { http: 7, y: 8 },
      }),
    )
    expect([served(model, 80, host), served(model, 81, host)]).toEqual([
      [['10.1.0.1:9080', '10.1.0.2:7']],
      [['10.1.0.2:8']],
    ])
    expect(model.workloads.size).toBe(0)
    const of = (address: string): object | undefined =>
      model.instances(host, 80).find(({ workload: each }) => each.address === address)?.workload
    expect(of('10.1.0.1')).toMatchObject({ workload: 'one', locality: 'r/z/s', weight: 3, serviceAccount: 'sa' })
    expect(of('10.1.0.2')).toMatchObject({ workload: 'two', locality: 'r/z', weight: 1 })
  })

  test('of type ExternalName stands for a name', () => {
    const { model } = build(
      service({
        type: 'ExternalName',
        externalName: 'db.example.com.',
        ports: [
          { port: 80, targetPort: 8080 },
          { name: 'x', port: 81 },
        ],
      }),
    )
    expect([served(model, 80, host), served(model, 81, host)]).toEqual([
      [['db.example.com:8080']],
      [['db.example.com:81']],
    ])
    expect(model.services.get(host)?.discoveryType).toBe('STRICT_DNS')
  })

  test('is found by its cluster addresses, and exported as its annotation says', () => {
    const [key, value] = service({
      ports: [{ port: 80 }],
      clusterIP: '10.96.0.1',
      clusterIPs: ['10.96.0.1', 'fd00::1'],
    })
    const annotated = {
      ...(value as object),
      metadata: { name: 'vm', namespace: 'default', annotations: { 'networking.istio.io/exportTo': '., prod' } },
    }
    const { model } = build([key, annotated], service({ ports: [{ port: 80 }], clusterIP: 'None' }, 'headless'))
    expect(Object.fromEntries(model.addresses)).toEqual({ '10.96.0.1': [host], 'fd00::1': [host] })
    expect(model.services.get(host)?.exportTo).toEqual(['.', 'prod'])
  })
})

describe('a WorkloadGroup', () => {
  const group = (template: object, labels: object = {}): Put =>
    resource('WorkloadGroup', 'vms', { metadata: { labels }, template })
  const template = {
    serviceAccount: 'vm',
    locality: 'r/z',
    weight: 5,
    labels: { tier: 'back', version: 'v9' },
    ports: { web: 9080 },
  }
  const member = (more: object = {}): Put => workload('w', { workload: 'vms', ...more })
  const found = (model: Model): object | undefined => model.workloads.get('w')

  test('fills up what a registration that names it leaves open', () => {
    const { model } = build(group(template, { tier: 'front' }), member())
    expect(found(model)).toMatchObject({
      serviceAccount: 'vm',
      locality: 'r/z',
      weight: 5,
      labels: { tier: 'front', version: 'v1' },
      ports: [{ name: 'web', port: 9080, listenPort: 41_000 }],
    })
  })

  test('leaves the service account of a registration whose certificate proves it', () => {
    const { model } = build(group(template), member({ tlsMode: 'istio' }))
    expect(found(model)).toMatchObject({ serviceAccount: 'default', weight: 5 })
  })

  test('leaves what the registration says itself, and registrations that name another', () => {
    const own = { serviceAccount: 'own', locality: 'x', weight: 2, labels: { version: 'v1', tier: 'own' } }
    expect(found(build(group(template), member(own)).model)).toMatchObject(own)
    expect(found(build(group(template), workload('w')).model)).toMatchObject({ serviceAccount: 'default', weight: 1 })
    const elsewhere = build(group(template), member({ namespace: 'prod' })).model
    expect(found(elsewhere)).toMatchObject({ serviceAccount: 'default', weight: 1 })
  })

  test('that comes later, changes or goes is followed', () => {
    const { builder, entries, model } = build(
      known('reviews', [knownPort(80)]),
      resource('Service', 'back', {
        selector: { tier: 'back' },
        ports: [{ name: 'web', port: 80, targetPort: 'web' }],
      }),
      member(),
    )
    const host = 'back.default.svc.cluster.local'
    expect(served(model, 80, host)).toEqual([[]])
    const came = builder.apply(entries.change(group(template)))
    expect([[...came.workloads], served(came.model, 80, host)]).toEqual([['w'], [['10.0.0.1:41000']]])
    const changed = builder.apply(entries.change(group({ labels: { tier: 'front' } })))
    expect(served(changed.model, 80, host)).toEqual([[]])
    const gone = builder.apply(entries.change(resource('WorkloadGroup', 'vms', undefined)))
    expect(found(gone.model)).toMatchObject({ labels: { version: 'v1' }, ports: [{ name: 'http' }] })
  })

  test('says nothing of a workload that has gone', () => {
    const { builder, entries } = build(member(), [member()[0], undefined])
    expect(builder.apply(entries.change(group(template))).workloads.size).toBe(0)
  })
})
