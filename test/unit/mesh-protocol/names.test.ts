import {
  clusterName,
  expandServiceHost,
  hostAliases,
  parseClusterName,
  parseServiceHost,
  resolveShortName,
} from '@weft/mesh-protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/)
const DOMAIN = 'cluster.local'

describe('cluster names', () => {
  test('follow Istio', () => {
    expect(clusterName({ port: 9080, subset: 'v1', host: 'reviews.default.svc.cluster.local' })).toBe(
      'outbound|9080|v1|reviews.default.svc.cluster.local',
    )
  })

  test('can be taken apart again', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 65_535 }), fc.option(label, { nil: '' }), label, (port, subset, host) => {
        expect(parseClusterName(clusterName({ port, subset, host }))).toEqual({ port, subset, host })
      }),
    )
  })

  test.each(['', 'outbound', 'inbound|80||x', 'outbound|x||y', 'outbound|80|y'])('%j is none', (name) => {
    expect(parseClusterName(name)).toBeUndefined()
  })
})

describe('service hosts', () => {
  test.each([
    ['reviews', 'reviews.shop.svc.cluster.local'],
    ['reviews.default', 'reviews.default.svc.cluster.local'],
    ['Reviews.Default.svc', 'reviews.default.svc.cluster.local'],
    ['reviews.default.svc.cluster.local', 'reviews.default.svc.cluster.local'],
    ['api.example.com', 'api.example.com'],
  ])('%s in namespace shop is %s', (host, expected) => {
    expect(expandServiceHost(host, 'shop', DOMAIN)).toBe(expected)
  })

  test('a resource resolves only names without a dot, as Istio does', () => {
    expect(resolveShortName('reviews', 'shop', DOMAIN)).toBe('reviews.shop.svc.cluster.local')
    expect(resolveShortName('reviews.default', 'shop', DOMAIN)).toBe('reviews.default')
    expect(resolveShortName('*', 'shop', DOMAIN)).toBe('*')
  })

  test('every alias leads back to the host', () => {
    fc.assert(
      fc.property(label, label, label, (name, namespace, client) => {
        const host = `${name}.${namespace}.svc.${DOMAIN}`
        for (const alias of hostAliases(host, client, DOMAIN)) {
          expect(expandServiceHost(alias, client, DOMAIN)).toBe(host)
        }
        expect(hostAliases(host, client, DOMAIN).includes(name)).toBe(client === namespace)
      }),
    )
  })

  test('a host outside the cluster has no shorter name', () => {
    expect(parseServiceHost('api.example.com', DOMAIN)).toBeUndefined()
    expect(hostAliases('api.example.com', 'default', DOMAIN)).toEqual(['api.example.com'])
  })
})
