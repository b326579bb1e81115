import { parseSpiffeId, type SpiffeId } from '@weft/mesh-protocol'

/**
 * One name of a subject alternative name as Node writes it, `URI:spiffe://…`. A value that could be mistaken for several is
 * a JSON string there (Node's answer to CVE-2021-44532), so that a comma inside a name does not begin another.
 */
const NAME = /(?:^|, )([A-Za-z][A-Za-z ]*):("(?:[^"\\]|\\.)*"|[^,"]*)/y

/** The URIs of a certificate, from `subjectAltName` of an X509Certificate or `subjectaltname` of a peer; `undefined`: it cannot be read. */
export function uriNames(subjectAltName: string | undefined): readonly string[] | undefined {
  const text = subjectAltName ?? ''
  const uris: string[] = []
  NAME.lastIndex = 0
  for (let at = 0; at < text.length; at = NAME.lastIndex) {
    NAME.lastIndex = at
    const [, kind, value = ''] = NAME.exec(text) ?? []
    if (kind === undefined) return undefined
    if (kind === 'URI') uris.push(value.startsWith('"') ? (JSON.parse(value) as string) : value)
  }
  return uris
}

/** Whom a certificate names. X509-SVID section 2: exactly one URI; `undefined` for anything else. */
export function spiffeIdOf(subjectAltName: string | undefined): SpiffeId | undefined {
  const uris = uriNames(subjectAltName)
  return uris?.length === 1 ? parseSpiffeId(uris[0] as string) : undefined
}
