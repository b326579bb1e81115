import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Model } from '../../../../packages/control-server/src/registry/model.ts'
import { ModelBuilder } from '../../../../packages/control-server/src/registry/model-builder.ts'
import { watchCopies } from '../../../support/copied-entries.ts'
import { Entries, known, knownPort, type Put, resource, workload } from './fixtures.ts'

const HOST = 'reviews.default.svc.cluster.local'

function build(...puts: readonly Put[]): { builder: ModelBuilder; entries: Entries } {
  const entries = new Entries()
  entries.change(...puts)
  return { builder: new ModelBuilder('cluster.local', entries.revision, entries.all), entries }
}

const served = (model: Model, port: number, host = HOST): string[] =>
  model
    .instances(host, port)
    .map(({ workload: { id }, listenPort }) => `${id}:${listenPort}`)
    .sort()

describe('a v1 Service', () => {
  const service = (spec: object): Put => resource('Service', 'reviews', spec)
  const port = (number: number, targetPort?: number | string): object => ({
    name: 'http',
    port: number,
    ...(targetPort === undefined ? {} : { targetPort }),
  })

  test.each<[string, object, Put[], string[]]>([
    ['targetPort by number', { selector: { app: 'reviews' }, ports: [port(80, 9080)] }, [workload('w')], ['w:41000']],
    ['targetPort by name', { selector: { app: 'reviews' }, ports: [port(80, 'http')] }, [workload('w')], ['w:41000']],
    ['targetPort is the port', { selector: { app: 'reviews' }, ports: [port(80)] }, [workload('w')], []],
    ['a name nobody has', { selector: { app: 'reviews' }, ports: [port(80, 'admin')] }, [workload('w')], []],
    [
      'every label has to match',
      { selector: { app: 'reviews', version: 'v2' }, ports: [port(80, 9080)] },
      [workload('w1'), workload('w2', { labels: { version: 'v2', tier: 'x' }, address: '10.0.0.2' })],
      ['w2:41000'],
    ],
    [
      'a label that is set is not replaced by the name',
      { selector: { app: 'reviews' }, ports: [port(80, 9080)] },
      [workload('w', { labels: { app: 'other' } })],
      [],
    ],
    [
      'workloads of other services that match belong to it',
      { selector: { tier: 'front' }, ports: [port(80, 9080)] },
      [workload('w1'), workload('w2', { service: 'web', labels: { tier: 'front' } })],
      ['w2:41000'],
    ],
    [
      'other namespaces do not',
      { selector: { app: 'reviews' }, ports: [port(80, 9080)] },
      [workload('w', { namespace: 'prod' })],
      [],
    ],
    ['no selector: those that name it', { ports: [port(80, 9080)] }, [workload('w')], ['w:41000']],
    ['an empty selector is none', { selector: {}, ports: [port(80, 9080)] }, [workload('w')], ['w:41000']],
  ])('%s', (_what, spec, workloads, expected) => {
    expect(served(build(service(spec), ...workloads).builder.model, 80)).toEqual(expected)
  })

  test('rules over the service that registrations make, and leaves it when it is deleted', () => {
    const { builder, entries } = build(known('reviews', [knownPort(80)]), workload('w'))
    expect(builder.model.services.get(HOST)).toMatchObject({ selector: undefined, ports: [{ number: 80 }] })
    const spec = { selector: { app: 'reviews' }, ports: [port(7000, 9080)] }
    const added = builder.apply(entries.change(service(spec)))
    expect([...added.services, ...added.instances]).toEqual([HOST, HOST])
    expect([served(added.model, 80), served(added.model, 7000)]).toEqual([[], ['w:41000']])
    const removed = builder.apply(entries.change(resource('Service', 'reviews', undefined)))
    expect([served(removed.model, 80), served(removed.model, 7000)]).toEqual([['w:41000'], []])
  })

  test.each<[string, object, number[]]>([
    [
      'other than TCP',
      {
        ports: [
          { port: 53, protocol: 'UDP' },
          { port: 80, protocol: 'TCP' },
        ],
      },
      [80],
    ],
    ['that are null', { ports: null }, []],
  ])('ports %s are not served', (_what, spec, ports) => {
    expect(
      build(service(spec))
        .builder.model.services.get(HOST)
        ?.ports.map(({ number }) => number),
    ).toEqual(ports)
  })

  test.each<[object, string]>([
    [{ name: 'http-web' }, 'http'],
    [{ name: 'grpc' }, 'grpc'],
    [{ name: 'GRPC-x' }, 'grpc'],
    [{ name: 'grpc-web' }, 'http2'],
    [{ name: 'grpc-web-x' }, 'http2'],
    [{ name: 'http2-x' }, 'http2'],
    [{ name: 'https' }, 'tcp'],
    [{ name: 'mongo-db' }, 'tcp'],
    [{ name: 'web' }, 'http'],
    [{}, 'http'],
    [{ port: 3306 }, 'tcp'],
    [{ port: 3306, name: 'http' }, 'http'],
    [{ name: 'http', appProtocol: 'grpc' }, 'grpc'],
    [{ name: 'http', appProtocol: 'GRPC-x' }, 'grpc'],
    [{ name: 'http', appProtocol: null }, 'http'],
    [{ appProtocol: 'kubernetes.io/h2c' }, 'http2'],
    [{ name: 'tcp', appProtocol: 'kubernetes.io/ws' }, 'http'],
    [{ appProtocol: 'toString' }, 'http'],
  ])('the protocol of %j is %s', (given, protocol) => {
    const { model } = build(service({ ports: [{ port: 80, ...given }] })).builder
    expect(model.services.get(HOST)?.ports[0]?.protocol).toBe(protocol)
  })
})

describe('a service that registrations make', () => {
  test('is served at each servicePort of its workloads, where they listen', () => {
    const ports = [
      { name: 'http', servicePort: 80, port: 9080, listenPort: 1, protocol: 'http' },
      { name: 'grpc', servicePort: 90, port: 9090, listenPort: 2, protocol: 'grpc' },
    ]
    const model = build(known('reviews', [knownPort(80), knownPort(90)]), workload('a', { ports }), workload('b'))
      .builder.model
    expect([served(model, 80), served(model, 90), served(model, 9080)]).toEqual([['a:1', 'b:41000'], ['a:2'], []])
  })

  test('stays known without workloads', () => {
    const { builder, entries } = build(known('reviews', [knownPort(80)]), workload('w'))
    const { model, services, instances, workloads } = builder.apply(entries.change([workload('w')[0], undefined]))
    expect([model.services.has(HOST), served(model, 80)]).toEqual([true, []])
    expect([services.size, [...instances], [...workloads]]).toEqual([0, [HOST], ['w']])
  })

  test('several processes at one address and port are one endpoint, gone with the last', () => {
    const { builder, entries } = build(known('reviews', [knownPort(80)]), workload('b'), workload('a'))
    expect(served(builder.model, 80)).toEqual(['a:41000'])
    expect(served(builder.apply(entries.change([workload('a')[0], undefined])).model, 80)).toEqual(['b:41000'])
    expect(served(builder.apply(entries.change([workload('b')[0], undefined])).model, 80)).toEqual([])
  })
})

describe('policy', () => {
  test('is listed oldest first, then by key', () => {
    const { builder, entries } = build(
      resource('VirtualService', 'b', { hosts: ['x'] }),
      resource('VirtualService', 'a', { hosts: ['x'] }),
    )
    builder.apply(entries.change(resource('VirtualService', '0', { hosts: ['x'] })))
    const { model } = builder.apply(entries.change(resource('VirtualService', 'b', { hosts: ['y'] })))
    expect(model.virtualServices.map(({ metadata }) => [metadata.name, metadata.resourceVersion])).toEqual([
      ['a', '1'],
      ['b', '3'],
      ['0', '2'],
    ])
  })

  test.each<[string, object, object | undefined, string[]]>([
    ['VirtualService', { hosts: ['reviews', '*.example.com'] }, undefined, ['*.example.com', HOST]],
    ['DestinationRule', { host: 'reviews.default' }, undefined, ['reviews.default', HOST]],
    [
      'CircuitBreaker',
      { host: 'reviews' },
      { host: 'Ratings' },
      ['Ratings.default.svc.cluster.local', 'ratings.default.svc.cluster.local', HOST],
    ],
  ])('a %s touches its hosts, those it had before among them', (kind, before, after, hosts) => {
    const { builder, entries } = build(resource(kind, 'x', before))
    const { policyHosts } = builder.apply(entries.change(resource(kind, 'x', after)))
    expect([...policyHosts].sort()).toEqual(hosts.sort())
  })
})

/*
 * Any history leaves the same model as building it anew, names every host that changed, and keeps everything else the
 * same object.
 */
describe('any history', () => {
  const name = fc.constantFrom('a', 'b')
  const version = fc.constantFrom('v1', 'v2')
  const put: fc.Arbitrary<Put> = fc.oneof(
    fc
      .record({ id: fc.constantFrom('w1', 'w2', 'w3', 'w4'), service: name, version, port: fc.constantFrom(1, 2) })
      .map(({ id, service, version, port }) =>
        workload(id, {
          service,
          labels: { version },
          ports: [{ name: 'http', servicePort: 80, port: 80, listenPort: port, protocol: 'http' }],
        }),
      ),
    fc.constantFrom('w1', 'w2', 'w3', 'w4').map((id): Put => [workload(id)[0], undefined]),
    fc.tuple(name, fc.constantFrom(80, 90)).map(([of, port]) => known(of, [knownPort(port)])),
    name.map((of): Put => [known(of, [])[0], undefined]),
    fc
      .record({ name, selector: fc.option(fc.record({ version }), { nil: null }), port: fc.constantFrom(80, 90) })
      .map(({ name, selector, port }) => resource('Service', name, { selector, ports: [{ port, targetPort: 80 }] })),
    name.map((of) => resource('Service', of, undefined)),
    name.map((of) => resource('VirtualService', of, { hosts: [of] })),
    name.map((of) => resource('VirtualService', of, undefined)),
  )
  const HOSTS = ['a', 'b'].map((of) => `${of}.default.svc.cluster.local`)

  const view = (model: Model): unknown => ({
    revision: model.revision,
    services: [...model.services].sort(),
    workloads: [...model.workloads].sort(),
    virtualServices: model.virtualServices,
    instances: HOSTS.map((host) => [80, 90].map((port) => served(model, port, host))),
  })

  test('is the model built anew, and changes only what it names', () => {
    fc.assert(
      fc.property(fc.array(fc.array(put, { minLength: 1, maxLength: 4 }), { maxLength: 12 }), (history) => {
        const entries = new Entries()
        const builder = new ModelBuilder('cluster.local', 0, [])
        for (const puts of history) {
          const before = builder.model
          const viewBefore = JSON.stringify(view(before))
          const change = builder.apply(entries.change(...puts))
          const anew = new ModelBuilder('cluster.local', entries.revision, entries.all)
          expect(view(change.model)).toEqual(view(anew.model))
          expect(JSON.stringify(view(before))).toBe(viewBefore)
          for (const host of HOSTS) {
            const same = change.model.services.get(host) === before.services.get(host)
            expect([host, 'service', change.services.has(host)]).toEqual([host, 'service', !same])
            for (const port of change.instances.has(host) ? [] : [80, 90]) {
              expect(change.model.instances(host, port)).toBe(before.instances(host, port))
            }
          }
          for (const [id, workload] of change.model.workloads) {
            if (!change.workloads.has(id)) expect(before.workloads.get(id)).toBe(workload)
          }
        }
      }),
      { numRuns: 300 },
    )
  })
})

test('a change of one among ten thousand workloads leaves the others untouched, and copies few entries', () => {
  const puts = Array.from({ length: 10_000 }, (_, i) =>
    workload(`w${i}`, { service: `s${i % 1_000}`, address: `10.0.${i >> 8}.${i & 255}` }),
  )
  const services = Array.from({ length: 1_000 }, (_, i) => known(`s${i}`, [knownPort(80)]))
  const { builder, entries } = build(...services, ...puts)
  const before = builder.model
  const copied = watchCopies(builder)
  builder.apply(entries.change(workload('w0', { service: 's0', weight: 2 })))
  const kept = [...before.workloads].filter(([id, workload]) => builder.model.workloads.get(id) === workload)
  expect(kept).toHaveLength(9_999)
  // One copy of all workloads alone would be ten thousand.
  expect(copied()).toBeLessThan(2_000)
})

test('an entry that cannot be read is told and passed over, and what it was before stays', () => {
  const good = { ports: [{ name: 'http', port: 80 }] }
  const bad = { ...good, clusterIPs: 5 }
  const told: string[] = []
  const entries = new Entries()
  entries.change(resource('Service', 'old', bad), resource('Service', 'reviews', good))
  const builder = new ModelBuilder('cluster.local', entries.revision, entries.all, (key) => told.push(key))
  const hosts = (): string[] => [...builder.model.services.keys()].map((host) => host.split('.', 1)[0] as string).sort()
  expect(hosts()).toEqual(['reviews'])
  builder.apply(entries.change(resource('Service', 'reviews', bad), resource('Service', 'web', good)))
  expect(hosts()).toEqual(['reviews', 'web'])
  expect(told).toEqual(['/resources/core/services/default/old', '/resources/core/services/default/reviews'])
  builder.apply(entries.change(resource('Service', 'old', good), resource('Service', 'reviews', undefined)))
  expect(hosts()).toEqual(['old', 'web'])
})
