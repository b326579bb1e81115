import type { X509Certificate } from 'node:crypto'
import { fail, ok, parseSpiffeId, type Result, type SpiffeId, uriNames } from '@weft/mesh-protocol'
import type { Trust } from './identity.ts'

/** Who is at the other end of a connection, by a certificate whose chain was verified. */
export interface ProvenPeer {
  readonly id: SpiffeId
  /** `spiffe://…`. */
  readonly uri: string
}

/** Whom a server has to be: the workload that discovery says is there, or one that policy names. */
export type ExpectedPeer =
  | { readonly namespace: string; readonly serviceAccount: string }
  /** URIs or host names. */
  | { readonly subjectAltNames: readonly string[] }

/** What is not unreserved in a path of SPIFFE; no identity that the mesh gives has it. SPIFFE-ID section 2.2. */
const STRANGE = /[^A-Za-z0-9._-]/

/**
 * The identity that a verified certificate proves: exactly one URI, of the mesh's form, in a trust domain that is believed
 * (X509-SVID section 2; Istio `pkg/security` `spiffe.go`). Else what is wrong with it, in words.
 */
export function provenPeer(certificate: X509Certificate, { trustDomains }: Trust): Result<ProvenPeer, string> {
  const uris = uriNames(certificate.subjectAltName)
  if (uris === undefined) return fail('its subject alternative names cannot be read')
  const [uri] = uris
  if (uri === undefined || uris.length > 1) return fail(`it has ${uris.length} URIs and not one`)
  const id = parseSpiffeId(uri)
  if (id === undefined || STRANGE.test(id.namespace) || STRANGE.test(id.serviceAccount)) {
    return fail(`${JSON.stringify(uri)} is not of the form spiffe://trust-domain/ns/namespace/sa/service-account`)
  }
  if (!trustDomains.includes(id.trustDomain)) {
    return fail(`${uri} is of the trust domain ${id.trustDomain}, and only ${trustDomains.join(', ')} is believed`)
  }
  return ok({ id, uri })
}

/** Whether a server is whom it has to be. What is wrong, in words; else who it is. */
export function expectedPeer(
  certificate: X509Certificate,
  expected: ExpectedPeer,
  trust: Trust,
): Result<ProvenPeer, string> {
  const proven = provenPeer(certificate, trust)
  if ('subjectAltNames' in expected) return oneOf(certificate, expected.subjectAltNames, proven)
  if (!proven.ok) return proven
  const { namespace, serviceAccount } = proven.value.id
  if (namespace === expected.namespace && serviceAccount === expected.serviceAccount) return proven
  return fail(
    `it is ${proven.value.uri}, and the workload there is service account ${expected.serviceAccount} of namespace ${expected.namespace}`,
  )
}

function oneOf(
  certificate: X509Certificate,
  wanted: readonly string[],
  proven: Result<ProvenPeer, string>,
): Result<ProvenPeer, string> {
  const uris = uriNames(certificate.subjectAltName)
  if (uris === undefined || uris.length > 1) return proven.ok ? fail('it has several URIs') : proven
  const [uri = ''] = uris
  const named = wanted.some((name) => name === uri || isHost(certificate, name))
  if (!named) {
    const has = certificate.subjectAltName ?? 'nobody'
    return fail(`it names ${has}, and none of the subjectAltNames ${wanted.join(', ')}`)
  }
  // Whom policy names is believed by that name, whatever its trust domain is.
  return proven.ok ? proven : ok({ uri, id: parseSpiffeId(uri) ?? NO_ID })
}

const NO_ID: SpiffeId = { trustDomain: '', namespace: '', serviceAccount: '' }

function isHost(certificate: X509Certificate, name: string): boolean {
  if (name.includes('/')) return false
  return certificate.checkHost(name, { subject: 'never', wildcards: false }) !== undefined
}
