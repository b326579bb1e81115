import { X509Certificate } from 'node:crypto'
import { alternativeNames, spiffeIdOf, uriNames } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { createTestCa } from '../../support/test-ca.ts'

const ca = createTestCa()
const REVIEWS = 'spiffe://cluster.local/ns/default/sa/reviews'

describe('the URIs of a certificate', () => {
  test.each<[string, string | undefined, readonly string[] | undefined]>([
    ['none', undefined, []],
    ['one', `URI:${REVIEWS}`, [REVIEWS]],
    ['one among other names', `DNS:reviews, URI:${REVIEWS}, IP Address:10.0.0.1`, [REVIEWS]],
    ['one inside a DNS name', `DNS:"a, URI:${REVIEWS}"`, []],
    ['one inside another URI', `URI:"http://a/, URI:${REVIEWS}"`, [`http://a/, URI:${REVIEWS}`]],
    ['a quoted text that does not end', `URI:"${REVIEWS}`, undefined],
    ['what is no list of names', 'anything', undefined],
  ])('%s', (_what, text, expected) => {
    expect(uriNames(text)).toEqual(expected)
  })
})

test('a name that holds others is one name, so that none of those is listed', () => {
  const { subjectAltName } = new X509Certificate(
    ca.leaf({ uris: [REVIEWS], dnsNames: ['a, DNS:pay.example.com, b'] }).certificate,
  )
  expect(alternativeNames(subjectAltName)).toEqual([
    { kind: 'URI', value: REVIEWS },
    { kind: 'DNS', value: 'a, DNS:pay.example.com, b' },
  ])
})

describe('whom a certificate names', () => {
  test.each<[string, readonly string[], readonly string[], string | undefined]>([
    ['one identity', [REVIEWS], ['reviews'], 'reviews'],
    ['nobody', [], ['reviews'], undefined],
    ['two', [REVIEWS, 'spiffe://cluster.local/ns/default/sa/admin'], [], undefined],
    ['an identity and another URI', [REVIEWS, 'http://reviews/'], [], undefined],
    ['a URI that is no identity', ['http://cluster.local/ns/default/sa/reviews'], [], undefined],
    ['an identity within a DNS name', [], [`a, URI:${REVIEWS}`], undefined],
    ['an identity within a URI', [`http://a/, URI:${REVIEWS}`], [], undefined],
  ])('%s', (_what, uris, dnsNames, serviceAccount) => {
    const { subjectAltName } = new X509Certificate(ca.leaf({ uris, dnsNames }).certificate)
    expect(spiffeIdOf(subjectAltName)?.serviceAccount).toBe(serviceAccount)
  })
})
