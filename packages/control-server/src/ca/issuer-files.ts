import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto'
import { CaError } from './ca-error.ts'
import { readKeyText, readText } from './guarded-files.ts'
import { readCertificates } from './pem.ts'
import { type Issuer, signingAlgorithmOf } from './x509-library.ts'

export interface IssuerFiles {
  readonly certificate: string
  readonly key: string
  /** Permission bits that the key's file must not have. */
  readonly forbidden: number
  readonly wallNowMs: number
}

/** A certificate that may sign others, and its key; refuses all that cannot be right, each with what to do. */
export async function readIssuer(files: IssuerFiles): Promise<Issuer> {
  const certificate = await readCaCertificate(files.certificate, files.wallNowMs)
  const text = await readKeyText(files.key, files.forbidden)
  if (text === undefined) {
    throw new CaError(
      'WEFT_CA_KEY_LOST',
      `${files.key} is not there, but its certificate ${files.certificate} is: put the key back from your backup. Without it this ` +
        'authority can sign nothing; to begin with another one, which no workload believes yet, move both away.',
    )
  }
  const privateKey = parseKey(files.key, text)
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new CaError(
      'WEFT_CA_KEY_MISMATCH',
      `${files.key} is not the key of ${files.certificate}: put back the two that belong together.`,
    )
  }
  return { certificate, privateKey }
}

async function readCaCertificate(file: string, wallNowMs: number): Promise<X509Certificate> {
  const [certificate] = await readCertificateFile(file)
  if (!certificate?.ca) {
    throw new CaError(
      'WEFT_CA_INVALID',
      `${file} is not the certificate of an authority (CA:TRUE): it may not sign others.`,
    )
  }
  checkValidity(file, certificate, wallNowMs)
  return certificate
}

export function checkValidity(file: string, certificate: X509Certificate, wallNowMs: number): void {
  if (certificate.validToDate.getTime() <= wallNowMs) {
    throw new CaError(
      'WEFT_CA_EXPIRED',
      `${file} has ended on ${certificate.validTo}: nothing that it signs is believed. Put a new one in its place.`,
    )
  }
  if (certificate.validFromDate.getTime() > wallNowMs) {
    throw new CaError(
      'WEFT_CA_INVALID',
      `${file} begins on ${certificate.validFrom}, which is in the future: check the clock of this machine.`,
    )
  }
}

/** At least one. */
export async function readCertificateFile(file: string): Promise<readonly X509Certificate[]> {
  const text = await readText(file)
  if (text === undefined) throw new CaError('WEFT_CA_INVALID', `${file} is not there: it holds a certificate in PEM.`)
  try {
    const found = readCertificates(text)
    if (found.length > 0) return found
  } catch (error) {
    throw new CaError('WEFT_CA_INVALID', `${file} is damaged: ${(error as Error).message}`, error)
  }
  throw new CaError('WEFT_CA_INVALID', `${file} holds no certificate in PEM.`)
}

function parseKey(file: string, text: string): KeyObject {
  let key: KeyObject
  try {
    key = createPrivateKey(text)
  } catch (error) {
    throw new CaError(
      'WEFT_CA_INVALID',
      `${file} holds no private key in PEM that can be read without a passphrase: ${(error as Error).message}`,
      error,
    )
  }
  if (signingAlgorithmOf(key) !== undefined) return key
  throw new CaError('WEFT_CA_INVALID', `${file} holds a key that cannot sign here: take ECDSA P-256 or P-384, or RSA.`)
}
