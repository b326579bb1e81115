import { X509Certificate } from 'node:crypto'

const BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g

/** Every certificate of a text; throws where one is damaged. */
export function readCertificates(pem: string): readonly X509Certificate[] {
  return (pem.match(BLOCK) ?? []).map((block) => new X509Certificate(block))
}

/** One certificate in the form that everything here hands out: lines of 64 characters, a line feed at the end. */
export function toPem(certificate: X509Certificate): string {
  return certificate.toString()
}

/** SHA-256 of the certificate's DER, hex in lower case: what a token pins. */
export function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase()
}

/** As every record has it. */
export function serialOf(certificate: X509Certificate): string {
  return plainSerial(certificate.serialNumber)
}

/** Hex in lower case, without zeros in front; colons and capitals are taken. */
export function plainSerial(text: string): string {
  return text
    .replaceAll(':', '')
    .toLowerCase()
    .replace(/^0+(?=.)/, '')
}
