import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { expectedPeer, provenPeer } from '../../../../packages/mesh-client/src/identity/tls-peer.ts'
import { createTestCa, type LeafOptions } from '../../../support/test-ca.ts'

const ca = createTestCa()
const trust = { certificates: [ca.root], trustDomains: ['cluster.local', 'old.local'] }
const certificate = (options: LeafOptions): X509Certificate => new X509Certificate(ca.leaf(options).certificate)
const WEB = 'spiffe://cluster.local/ns/shop/sa/web'

describe('whom a certificate proves', () => {
  test.each<[string, LeafOptions, string | undefined]>([
    ['one identity', { uris: [WEB] }, WEB],
    ['one identity and host names', { uris: [WEB], dnsNames: ['web.example'] }, WEB],
    [
      'an alias of the trust domain',
      { uris: ['spiffe://old.local/ns/shop/sa/web'] },
      'spiffe://old.local/ns/shop/sa/web',
    ],
    ['nobody', { uris: [], dnsNames: ['web.example'] }, undefined],
    ['two identities', { uris: [WEB, WEB] }, undefined],
    ['an identity and another URI', { uris: [WEB, 'https://web.example'] }, undefined],
    ['another trust domain', { uris: ['spiffe://evil/ns/shop/sa/web'] }, undefined],
    ['a trust domain in capitals', { uris: ['spiffe://CLUSTER.local/ns/shop/sa/web'] }, undefined],
    ['a longer path', { uris: [`${WEB}/x`] }, undefined],
    ['a query', { uris: [`${WEB}?x`] }, undefined],
    ['a fragment', { uris: [`${WEB}#x`] }, undefined],
    ['an escape', { uris: ['spiffe://cluster.local/ns/shop/sa/w%65b'] }, undefined],
    ['a port', { uris: ['spiffe://cluster.local:80/ns/shop/sa/web'] }, undefined],
    ['a comma', { uris: [`${WEB}, URI:${WEB}`] }, undefined],
    ['a quote', { uris: [`${WEB}"`] }, undefined],
    ['a line break', { uris: [`${WEB}\n`] }, undefined],
    ['a zero', { uris: [`${WEB}\0`] }, undefined],
    ['an empty service account', { uris: ['spiffe://cluster.local/ns/shop/sa/'] }, undefined],
    ['a host name that looks like an identity', { uris: [], dnsNames: [WEB] }, undefined],
    ['a host name that quotes an identity', { uris: [], dnsNames: [`a, URI:${WEB}`] }, undefined],
  ])('%s', (_what, options, uri) => {
    const proven = provenPeer(certificate(options), trust)
    expect(proven.ok ? proven.value.uri : undefined).toBe(uri)
  })
})

describe('whom a server has to be', () => {
  const workload = { namespace: 'shop', serviceAccount: 'web' }
  const names = (...subjectAltNames: string[]) => ({ subjectAltNames })
  test.each<[string, LeafOptions, Parameters<typeof expectedPeer>[1], boolean]>([
    ['the workload', { uris: [WEB] }, workload, true],
    ['another service account', { uris: ['spiffe://cluster.local/ns/shop/sa/web2'] }, workload, false],
    ['another namespace', { uris: ['spiffe://cluster.local/ns/shop2/sa/web'] }, workload, false],
    ['one of the names', { uris: [WEB] }, names('spiffe://x/ns/a/sa/b', WEB), true],
    [
      'one of another trust domain that is named',
      { uris: ['spiffe://x/ns/a/sa/b'] },
      names('spiffe://x/ns/a/sa/b'),
      true,
    ],
    ['a beginning of a name', { uris: [`${WEB}2`] }, names(WEB), false],
    ['a host that is named', { uris: [], dnsNames: ['Web.example'] }, names('web.example'), true],
    ['a wildcard, which names none of them', { uris: [], dnsNames: ['*.example'] }, names('web.example'), false],
    ['one of several identities', { uris: [WEB, 'spiffe://x/ns/a/sa/b'] }, names(WEB), false],
    ['none of no names', { uris: [WEB] }, names(), false],
  ])('%s', (_what, options, expected, fits) => {
    expect(expectedPeer(certificate(options), expected, trust).ok).toBe(fits)
  })
})
