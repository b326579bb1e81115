import { der, octets, oid, sequence, set, utf8, yes } from './der.ts'

/* What requests and certificates are made of (RFC 5280, RFC 2986). */

export const ECDSA_WITH_SHA256: Buffer = sequence(oid('1.2.840.10045.4.3.2'))

export function commonName(name: string): Buffer {
  return sequence(set(sequence(oid('2.5.4.3'), utf8(name))))
}

export function basicConstraints(isCa: boolean): Buffer {
  return sequence(oid('2.5.29.19'), yes(), octets(sequence(...(isCa ? [yes()] : []))))
}

/** The extension of these names; none where there are none. */
export function subjectAltNames(uris: readonly string[], dnsNames: readonly string[]): readonly Buffer[] {
  const names = [
    ...uris.map((uri) => der(0x86, Buffer.from(uri))),
    ...dnsNames.map((name) => der(0x82, Buffer.from(name))),
  ]
  return names.length === 0 ? [] : [sequence(oid('2.5.29.17'), octets(sequence(...names)))]
}

export function pem(label: string, content: Buffer): string {
  const lines = content.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
