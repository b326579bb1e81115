import { parseSpiffeId, type SpiffeId } from './spiffe-id.ts'

/**
 * One name of a subject alternative name as Node writes it, `URI:spiffe://…`. A value that could be mistaken for several is
 * a JSON string there (Node's answer to CVE-2021-44532), so that a comma inside a name does not begin another.
 */
const NAME = /(?:^|, )([A-Za-z][A-Za-z ]*):("(?:[^"\\]|\\.)*"|[^,"]*)/gy

/** One name of a certificate. */
export interface AlternativeName {
  /** As Node calls it: `URI`, `DNS`, `IP Address`, … */
  readonly kind: string
  readonly value: string
}

/** The names of a certificate, from `subjectAltName` of an X509Certificate or `subjectaltname` of a peer; `undefined`: they cannot be read. */
export function alternativeNames(subjectAltName: string | undefined): readonly AlternativeName[] | undefined {
  const text = subjectAltName ?? ''
  const names: AlternativeName[] = []
  let read = 0
  for (const [name, kind = '', value = ''] of text.matchAll(NAME)) {
    read += name.length
    names.push({ kind, value: value.startsWith('"') ? (JSON.parse(value) as string) : value })
  }
  return read === text.length ? names : undefined
}

/** Those of {@link alternativeNames} that are URIs. */
export function uriNames(subjectAltName: string | undefined): readonly string[] | undefined {
  return alternativeNames(subjectAltName)
    ?.filter(({ kind }) => kind === 'URI')
    .map(({ value }) => value)
}

/** Whom a certificate names. X509-SVID section 2: exactly one URI; `undefined` for anything else. */
export function spiffeIdOf(subjectAltName: string | undefined): SpiffeId | undefined {
  const uris = uriNames(subjectAltName)
  return uris?.length === 1 ? parseSpiffeId(uris[0] as string) : undefined
}
