import { createPublicKey, type KeyObject } from 'node:crypto'
import { fail, ok, type Result } from '@weft/mesh-protocol'
import { keyOfRequest } from './x509-library.ts'

/** As `validateCertificateRequest` has it; here for whoever calls without it. */
const MAX_CHARACTERS = 16_384
const FORM =
  /^\s*-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]+)-----END (?:NEW )?CERTIFICATE REQUEST-----\s*$/

const MIN_RSA_BITS = 2048
/** A larger key makes every handshake of its peers slow. */
const MAX_RSA_BITS = 8192

/**
 * The key of a certificate signing request whose signature holds; whatever names it claims are not looked at. An error is a
 * sentence for whoever sent it.
 */
export async function readRequestedKey(csr: string): Promise<Result<KeyObject, string>> {
  const block = csr.length > MAX_CHARACTERS ? null : FORM.exec(csr)
  if (block === null) return fail('must be one PKCS#10 request in PEM ("-----BEGIN CERTIFICATE REQUEST-----")')
  const key = await keyOfRequest(Uint8Array.from(Buffer.from(block[1] as string, 'base64')))
  if (key === undefined) return fail('is damaged, or is not signed by the key that it asks for')
  const wrong = whatIsWrongWith(key)
  return wrong === undefined ? ok(plain(key)) : fail(wrong)
}

function whatIsWrongWith({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string | undefined {
  const { namedCurve, modulusLength = 0 } = asymmetricKeyDetails ?? {}
  switch (asymmetricKeyType) {
    case 'ed25519':
      return undefined
    case 'ec':
      return namedCurve === 'prime256v1' || namedCurve === 'secp384r1'
        ? undefined
        : `has a key on the curve ${namedCurve}${TAKEN}`
    case 'rsa':
      return modulusLength >= MIN_RSA_BITS && modulusLength <= MAX_RSA_BITS
        ? undefined
        : `has an RSA key of ${modulusLength} bits${TAKEN}`
    default:
      return `has a key of the type ${asymmetricKeyType}${TAKEN}`
  }
}

const TAKEN = `: take P-256 or P-384, Ed25519, or RSA of ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits`

/** The same key with nothing of how the request wrote it, such as a curve by its parameters. */
function plain(key: KeyObject): KeyObject {
  return createPublicKey({ key: key.export({ format: 'jwk' }), format: 'jwk' })
}
