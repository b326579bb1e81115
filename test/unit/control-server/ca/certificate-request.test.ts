import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readRequestedKey } from '../../../../packages/control-server/src/ca/certificate-request.ts'
import { createKeyWithRequest } from '../../../../packages/mesh-client/src/identity/certificate-signing-request.ts'
import { type Keys, p256, requestOf } from '../../../support/certificate-requests.ts'
import { HAS_OPENSSL, openssl } from '../../../support/openssl.ts'

const taken: readonly (readonly [string, () => Keys])[] = [
  ['P-256', p256],
  ['Ed25519', () => generateKeyPairSync('ed25519')],
  ['RSA of 2048 bits', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
]

const refused: readonly (readonly [string, () => Keys, RegExp])[] = [
  ['P-521', () => generateKeyPairSync('ec', { namedCurve: 'P-521' }), /on the curve secp521r1: take P-256/],
  ['secp256k1', () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }), /secp256k1|damaged/],
  ['RSA of 1024 bits', () => generateKeyPairSync('rsa', { modulusLength: 1024 }), /RSA key of 1024 bits: take/],
]

describe('the key of a request', () => {
  test.each(taken)('%s is taken', async (_name, make) => {
    const keys = make()
    const result = await readRequestedKey(requestOf({ keys }))
    expect(result.ok && result.value.equals(keys.publicKey)).toBe(true)
  })

  test.each(refused)('%s is refused', async (_name, make, message) => {
    expect(await readRequestedKey(requestOf({ keys: make() }))).toEqual({
      ok: false,
      error: expect.stringMatching(message),
    })
  })

  test('of the client library is taken', async () => {
    const { csr } = await createKeyWithRequest()
    expect((await readRequestedKey(csr)).ok).toBe(true)
  })

  test('is refused where another key has signed', async () => {
    const csr = requestOf({ signer: p256().privateKey })
    expect(await readRequestedKey(csr)).toEqual({ ok: false, error: expect.stringContaining('not signed by the key') })
  })

  test.each([
    ['nothing', ''],
    ['a text', 'hello'],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
    ['two requests', requestOf() + requestOf()],
    ['one cut off', requestOf().replace(/.{40}\n-----END/, '\n-----END')],
    ['no DER', '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n'],
    ['one that is too long', requestOf({ dnsNames: Array.from({ length: 2_000 }, (_, i) => `name-${i}.example`) })],
  ])('is not found in %s', async (_name, text) => {
    expect((await readRequestedKey(text)).ok).toBe(false)
  })
})

describe.skipIf(!HAS_OPENSSL)('requests of openssl', () => {
  test.each([
    ['P-384', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384', '-sha384']],
    ['RSA', ['-newkey', 'rsa:2048']],
  ])('with a key of %s are taken', async (_name, key) => {
    const csr = openssl(['req', '-new', '-nodes', '-keyout', 'key.pem', '-subj', '/CN=any', ...key], {})
    expect((await readRequestedKey(csr)).ok).toBe(true)
  })

  test('with a curve by its parameters lead to the curve by its name, or to a refusal', async () => {
    const args = ['req', '-new', '-nodes', '-keyout', 'key.pem', '-subj', '/CN=any', '-newkey', 'ec']
    const csr = openssl([...args, '-pkeyopt', 'ec_paramgen_curve:P-256', '-pkeyopt', 'ec_param_enc:explicit'], {})
    const result = await readRequestedKey(csr)
    if (result.ok) expect(result.value.export({ type: 'spki', format: 'der' })).toHaveLength(91)
    else expect(result.error).toMatch(/damaged|curve/)
  })
})
