import { generateKeyPair, type KeyObject, sign } from 'node:crypto'
import { derBitString, derContext, derInteger, derObjectIdentifier, derSequence } from './der.ts'

/** A key that was made in this process, and the request for a certificate of it. */
export interface KeyWithRequest {
  readonly privateKey: KeyObject
  /** PKCS#10, PEM. */
  readonly csr: string
}

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2'

/**
 * A new ECDSA key of P-256 and its certificate request (RFC 2986). The request names nobody: who the certificate names
 * follows from who asks, and the request only proves that the key is held.
 */
export async function createKeyWithRequest(): Promise<KeyWithRequest> {
  const { privateKey, publicKey } = await newKeyPair()
  return { privateKey, csr: requestFor(privateKey, publicKey) }
}

function newKeyPair(): Promise<{ readonly privateKey: KeyObject; readonly publicKey: KeyObject }> {
  return new Promise((resolve, reject) => {
    generateKeyPair('ec', { namedCurve: 'P-256' }, (error, publicKey, privateKey) => {
      if (error === null) resolve({ publicKey, privateKey })
      else reject(error)
    })
  })
}

function requestFor(privateKey: KeyObject, publicKey: KeyObject): string {
  const noSubject = derSequence()
  const noAttributes = derContext(0)
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const info = derSequence(derInteger(0), noSubject, spki, noAttributes)
  const signature = sign('sha256', info, privateKey)
  return pem(derSequence(info, derSequence(derObjectIdentifier(ECDSA_WITH_SHA256)), derBitString(signature)))
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join('\n')}\n-----END CERTIFICATE REQUEST-----\n`
}
