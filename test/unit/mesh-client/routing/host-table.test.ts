import { type HostIndex, hostAliases } from '@weft/mesh-protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createHostTable } from '../../../../packages/mesh-client/src/routing/host-table.ts'

function index(...hosts: string[]): HostIndex {
  return { type: 'HostIndex', name: 'hosts', version: '1', domain: 'cluster.local', hosts }
}

const table = createHostTable(
  index(
    'reviews.default.svc.cluster.local',
    'ratings.other.svc.cluster.local',
    'api.example.com',
    '*.example.com',
    '*.eu.example.com',
  ),
  'default',
)

describe('a host is found by', () => {
  test.each<[string, string | undefined]>([
    ['reviews.default.svc.cluster.local', 'reviews.default.svc.cluster.local'],
    ['reviews.default.svc.cluster.local.', 'reviews.default.svc.cluster.local'],
    ['reviews.default.svc', 'reviews.default.svc.cluster.local'],
    ['reviews.default', 'reviews.default.svc.cluster.local'],
    ['reviews', 'reviews.default.svc.cluster.local'],
    ['Reviews.Default', 'reviews.default.svc.cluster.local'],
    ['ratings.other', 'ratings.other.svc.cluster.local'],
    ['ratings', undefined],
    ['api.example.com', 'api.example.com'],
    ['API.example.com', 'api.example.com'],
    ['www.example.com', '*.example.com'],
    ['a.b.example.com', '*.example.com'],
    ['x.eu.example.com', '*.eu.example.com'],
    ['eu.example.com', '*.example.com'],
    ['example.com', undefined],
    ['.example.com', undefined],
    ['notexample.com', undefined],
    ['localhost', undefined],
    ['127.0.0.1', undefined],
    ['[::1]', undefined],
    ['', undefined],
  ])('%s: %s', (name, host) => {
    expect(table.resolve(name)).toBe(host)
  })
})

describe('of virtual addresses and odd wildcards', () => {
  const hosts = [
    '240.0.0.1',
    'fd00::1',
    '10.0.0.0/8',
    '10.1.0.0/16',
    'fd01::/16',
    'not/a-subnet',
    '*-api.example.com',
    '*.example.com',
    '*x-api.example.com',
    '*.eu-api.example.com',
  ]
  const made = createHostTable(index(...hosts), 'default')

  test.each<[string, string | undefined]>([
    ['240.0.0.1', '240.0.0.1'],
    ['[fd00::1]', 'fd00::1'],
    ['10.2.3.4', '10.0.0.0/8'],
    ['10.1.3.4', '10.1.0.0/16'],
    ['11.1.3.4', undefined],
    ['[fd01::7]', 'fd01::/16'],
    ['[fd02::7]', undefined],
    ['my-api.example.com', '*-api.example.com'],
    ['-api.example.com', '*.example.com'],
    ['MYX-api.example.com', '*x-api.example.com'],
    ['a.eu-api.example.com', '*.eu-api.example.com'],
    ['my-www.example.com', '*.example.com'],
  ])('%s leads to %s', (name, host) => {
    expect(made.resolve(name)).toBe(host)
  })

  test.each([
    [undefined, false],
    ['ALLOW_ANY' as const, false],
    ['REGISTRY_ONLY' as const, true],
  ])('outboundTrafficPolicy %s', (outboundTrafficPolicy, registryOnly) => {
    const policy = outboundTrafficPolicy === undefined ? {} : { outboundTrafficPolicy }
    expect(createHostTable({ ...index(), ...policy }, 'default').registryOnly).toBe(registryOnly)
  })
})

test('every alias of every host resolves to it, and nothing else does', () => {
  const label = fc.constantFrom('a', 'b', 'svc', 'default', 'x-1')
  const hosts = fc.uniqueArray(
    fc.oneof(
      fc.tuple(label, label).map(([name, namespace]) => `${name}.${namespace}.svc.cluster.local`),
      fc.tuple(label, label).map(([first, second]) => `${first}.${second}.example.com`),
    ),
    { maxLength: 8 },
  )
  const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'))
  fc.assert(
    fc.property(hosts, label, fc.array(name, { maxLength: 10 }), (all, namespace, names) => {
      const made = createHostTable(index(...all), namespace)
      const expanded = new Map(
        all.flatMap((host) => hostAliases(host, namespace, 'cluster.local').map((a) => [a, host])),
      )
      for (const alias of [...expanded.keys(), ...names]) expect(made.resolve(alias)).toBe(expanded.get(alias))
    }),
  )
})
