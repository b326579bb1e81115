import { execFileSync, spawnSync } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readRequestedKey } from '../../../../packages/control-server/src/ca/certificate-request.ts'
import { createKeyWithRequest } from '../../../../packages/mesh-client/src/identity/certificate-signing-request.ts'
import { derObjectIdentifier, derSequence } from '../../../../packages/mesh-client/src/identity/der.ts'

const hasOpenssl = spawnSync('openssl', ['version']).status === 0

describe('a certificate request', () => {
  test('is one that another library takes, for the key that was made', async () => {
    const { privateKey, csr } = await createKeyWithRequest()
    expect(privateKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1')
    const read = await readRequestedKey(csr)
    expect(read.ok && read.value.equals(createPublicKey(privateKey))).toBe(true)
  })

  test('is for another key each time', async () => {
    const [one, other] = await Promise.all([createKeyWithRequest(), createKeyWithRequest()])
    expect(one.privateKey.equals(other.privateKey)).toBe(false)
  })

  test.skipIf(!hasOpenssl)('is one that openssl verifies, and names nobody', async () => {
    const { csr } = await createKeyWithRequest()
    const text = execFileSync('openssl', ['req', '-verify', '-noout', '-text'], {
      input: csr,
      stdio: 'pipe',
    }).toString()
    expect(text).toMatch(/Subject: *\n/)
    expect(text).not.toContain('X509v3')
  })

  test('whose signature is touched is refused', async () => {
    const { csr } = await createKeyWithRequest()
    const der = Buffer.from(csr.replace(/-----[^-]+-----/g, ''), 'base64')
    der.writeUInt8(der.readUInt8(der.length - 1) ^ 1, der.length - 1)
    const touched = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
    expect((await readRequestedKey(touched)).ok).toBe(false)
  })
})

describe('DER', () => {
  test.each([
    ['1.2.840.10045.4.3.2', '06082a8648ce3d040302'],
    ['2.5.29.17', '0603551d11'],
  ])('writes the object identifier %s', (dotted, hex) => {
    expect(derObjectIdentifier(dotted).toString('hex')).toBe(hex)
  })

  test.each([
    [127, '307f'],
    [128, '308180'],
    [255, '3081ff'],
    [256, '30820100'],
    [65_536, '3083010000'],
  ])('writes a length of %i', (length, hex) => {
    expect(
      derSequence(Buffer.alloc(length))
        .subarray(0, hex.length / 2)
        .toString('hex'),
    ).toBe(hex)
  })
})
