import { expect, test } from 'vitest'
import type { ConfigResource } from '../../../../packages/control-server/src/config/resource.ts'
import { knownHosts } from '../../../../packages/control-server/src/registry/known-hosts.ts'
import type { Model } from '../../../../packages/control-server/src/registry/model.ts'

function resource(kind: string, name: string, spec: ConfigResource['spec'] = {}): ConfigResource {
  return { apiVersion: 'v1', kind, metadata: { name, namespace: 'default' }, spec }
}

const rule = (host: string, ...names: string[]): ConfigResource =>
  resource('DestinationRule', `${host}-${names.join('-')}`, { host, subsets: names.map((name) => ({ name })) })

function known(stored: readonly ConfigResource[], added: readonly ConfigResource[] = []) {
  const model = { domain: 'cluster.local', services: new Map([['stored.default.svc.cluster.local', {}]]) }
  return knownHosts({ ...model, destinationRules: stored, virtualServices: stored } as unknown as Model, added)
}

test('knows the services that are there and those that come along', () => {
  const { hasHost } = known([], [resource('Service', 'added'), resource('VirtualService', 'other')])
  const hosts = ['stored', 'added', 'other'].filter((name) => hasHost(`${name}.default.svc.cluster.local`))
  expect(hosts).toEqual(['stored', 'added'])
})

test('knows the hosts of a ServiceEntry, and what its wildcards stand for', () => {
  const { hasHost } = known([], [resource('ServiceEntry', 'e', { hosts: ['API.com', '*.b.com'] })])
  expect(['api.com', 'x.b.com', 'y.x.b.com', '*.b.com', 'b.com', 'x.api.com'].filter(hasHost)).toEqual([
    'api.com',
    'x.b.com',
    'y.x.b.com',
    '*.b.com',
  ])
})

test.each([
  ['a short name', [rule('reviews', 'v1')], []],
  ['the full name', [rule('reviews.default.svc.cluster.local', 'v1')], []],
  ['a wildcard', [rule('*.default.svc.cluster.local', 'v1')], []],
  ['a rule of several', [rule('reviews', 'v0'), rule('ratings', 'v2'), rule('reviews', 'v1')], []],
  ['a rule that comes along', [], [rule('reviews', 'v1')]],
])('finds a subset by %s', (_by, stored, added) => {
  const { hasSubset } = known(stored, added)
  expect(hasSubset('reviews.default.svc.cluster.local', 'v1')).toBe(true)
  expect(hasSubset('reviews.default.svc.cluster.local', 'v2')).toBe(false)
  expect(hasSubset('reviews.other.svc.cluster.local', 'v1')).toBe(false)
})

test('a rule that comes along takes the place of the one of its name', () => {
  const of = (...names: string[]): ConfigResource => ({
    ...rule('reviews', ...names),
    metadata: rule('reviews').metadata,
  })
  const { hasSubset, hasRule } = known([of('v1', 'v2')], [of('v1')])
  const host = 'reviews.default.svc.cluster.local'
  expect([hasSubset(host, 'v1'), hasSubset(host, 'v2'), hasRule(host)]).toEqual([true, false, true])
  expect(hasRule('ratings.default.svc.cluster.local')).toBe(false)
})

test('a delegate is a VirtualService without hosts, stored or coming along', () => {
  const virtualService = (name: string, hosts?: string[]): ConfigResource =>
    resource('VirtualService', name, hosts === undefined ? {} : { hosts })
  const { hasDelegate } = known([virtualService('stored')], [virtualService('added'), virtualService('own', ['a'])])
  const names = ['stored', 'added', 'own', 'none'].filter((name) => hasDelegate?.('default', name))
  expect(names).toEqual(['stored', 'added'])
  expect(hasDelegate?.('other', 'stored')).toBe(false)
})
