import { createPublicKey } from 'node:crypto'
import type { CertificateResponse } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { createKeyWithRequest } from '../../../../packages/mesh-client/src/identity/certificate-signing-request.ts'
import { leadsTo, readCertificateResponse } from '../../../../packages/mesh-client/src/identity/svid.ts'
import { createTestCa, type LeafOptions } from '../../../support/test-ca.ts'

const HOUR_MS = 3_600_000
const ca = createTestCa()
const foreign = createTestCa('another root')
const { privateKey } = await createKeyWithRequest()
const publicKey = createPublicKey(privateKey)
const REVIEWS = 'spiffe://cluster.local/ns/default/sa/reviews'

function leaf(options: LeafOptions = {}, from = ca): string {
  return from.leaf({ serviceAccount: 'reviews', publicKey, ...options }).certificate
}

function answer(changes: Record<string, unknown> = {}): Record<string, unknown> {
  const good: CertificateResponse = {
    certificateChain: [leaf()],
    spiffeId: REVIEWS,
    ttlMs: HOUR_MS,
    trustDomain: 'cluster.local',
    trustDomainAliases: ['old.local'],
    trustBundle: [ca.root],
  }
  return { ...good, ...changes }
}

describe('an answer that is taken', () => {
  test('gives certificate, key, times and trust', () => {
    const read = readCertificateResponse(answer(), privateKey)
    expect(read).toMatchObject({
      ok: true,
      value: {
        id: { trustDomain: 'cluster.local', namespace: 'default', serviceAccount: 'reviews' },
        uri: REVIEWS,
        ttlMs: HOUR_MS,
        trust: { certificates: [ca.root], trustDomains: ['cluster.local', 'old.local'] },
      },
    })
  })

  test('may come over an intermediate, and its root is left out of the chain', () => {
    const inner = ca.intermediate('inner')
    const chain = [leaf({}, inner), inner.root, ca.root]
    const read = readCertificateResponse(answer({ certificateChain: chain }), privateKey)
    expect(read.ok && read.value.certificateChain).toBe(`${chain[0]}${chain[1]}`)
  })

  test('may be one that a wrong clock takes for ended or not yet good', () => {
    for (const times of [
      { ttlMs: -HOUR_MS, backdateMs: 2 * HOUR_MS },
      { backdateMs: -HOUR_MS, ttlMs: 2 * HOUR_MS },
    ]) {
      expect(readCertificateResponse(answer({ certificateChain: [leaf(times)] }), privateKey).ok).toBe(true)
    }
  })

  test('does not count for longer than the certificate says', () => {
    const chain = [leaf({ ttlMs: HOUR_MS, backdateMs: 0 })]
    const read = readCertificateResponse(answer({ certificateChain: chain, ttlMs: 1e15 }), privateKey)
    expect(read.ok && read.value.ttlMs).toBe(HOUR_MS)
  })
})

const other = await createKeyWithRequest()
const deep = ca.intermediate('inner')

describe('an answer that is refused', () => {
  test.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /certificateChain/],
    ['a text', 'hello', /certificateChain/],
    ['no certificate', answer({ certificateChain: [] }), /certificateChain/],
    ['what is no certificate', answer({ certificateChain: ['hello'] }), /no certificate/],
    ['a very long chain', answer({ certificateChain: Array(11).fill(leaf()) }), /certificateChain/],
    [
      'a certificate for another key',
      answer({ certificateChain: [leaf({ publicKey: createPublicKey(other.privateKey) })] }),
      /another key/,
    ],
    ['a certificate of a CA', answer({ certificateChain: [leaf({ isCa: true })] }), /of a CA/],
    [
      'a certificate for servers only',
      answer({ certificateChain: [leaf({ clientAuth: false })] }),
      /clients and servers/,
    ],
    ['a certificate of somebody else than the answer says', answer({ spiffeId: `${REVIEWS}-v2` }), /names/],
    ['a certificate that names nobody', answer({ certificateChain: [leaf({ uris: [] })] }), /exactly one identity/],
    [
      'a certificate that names two',
      answer({ certificateChain: [leaf({ uris: [REVIEWS, `${REVIEWS}-v2`] })] }),
      /exactly one identity/,
    ],
    ['an identity of another trust domain', answer({ trustDomain: 'elsewhere.local' }), /not of the trust domain/],
    ['a certificate of another root', answer({ certificateChain: [leaf({}, foreign)] }), /does not lead/],
    ['a root of the same name', answer({ trustBundle: [createTestCa().root] }), /does not lead/],
    ['a chain with a gap', answer({ certificateChain: [leaf({}, deep)] }), /does not lead/],
    ['a chain in the wrong order', answer({ certificateChain: [deep.root, leaf({}, deep)] }), /another key/],
    ['a chain that goes over a leaf', answer({ certificateChain: [leaf(), leaf()] }), /does not lead/],
    ['no trust', answer({ trustBundle: [] }), /trustBundle/],
    ['a leaf for a root', answer({ trustBundle: [ca.root, leaf()] }), /none of a CA/],
    ['no time', answer({ ttlMs: 'soon' }), /ttlMs/],
    ['a time that has passed', answer({ ttlMs: -1 }), /ttlMs/],
    ['no time to speak of', answer({ ttlMs: 999 }), /ttlMs/],
    ['endless time', answer({ ttlMs: Number.POSITIVE_INFINITY }), /ttlMs/],
    ['aliases that are none', answer({ trustDomainAliases: [1] }), /trustDomainAliases/],
  ])('%s', (_what, body, reason) => {
    const read = readCertificateResponse(body, privateKey)
    expect(read.ok ? 'taken' : read.error).toMatch(reason)
  })
})

test('a chain leads to the roots that have signed it, and to no others', () => {
  const inner = ca.intermediate('inner')
  const chain = `${leaf({}, inner)}${inner.root}`
  expect(leadsTo(chain, [foreign.root, ca.root])).toBe(true)
  expect(leadsTo(chain, [foreign.root])).toBe(false)
  expect(leadsTo(chain, ['hello'])).toBe(false)
})
