import { fail, type Result } from '@weft/mesh-protocol'
import { isHttpUrl, type KeyLocation } from './compile-jwt-rules.ts'
import { type KeySet, parseKeySet } from './key-set.ts'

/**
 * Gets a document. Rejects for every status but 200, for redirects, for one that is longer than `maxBytes`, and when time is
 * up.
 */
export type FetchText = (
  url: string,
  limits: { readonly timeoutMs: number; readonly maxBytes: number },
) => Promise<string>

/** Larger documents hold no keys. */
const MAX_BYTES = 512 * 1024
const WELL_KNOWN = '/.well-known/'

/** The keys at a place, by way of the document that names them where it is one of discovery. Never rejects. */
export async function fetchKeySet(location: KeyLocation, fetchText: FetchText): Promise<Result<KeySet, string>> {
  const limits = { timeoutMs: location.timeoutMs, maxBytes: MAX_BYTES }
  try {
    const url = location.kind === 'jwks' ? location.url : keysUrl(await fetchText(location.url, limits), location.url)
    const parsed = parseKeySet(await fetchText(url, limits))
    return parsed.ok ? parsed : fail(`what was answered ${parsed.error}`)
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
}

/** Where an issuer says that its keys are. @throws Error for a document of somebody else, or that leads from `https:` to `http:` */
function keysUrl(document: string, url: string): string {
  const { issuer, jwks_uri: found } = JSON.parse(document) as Record<string, unknown>
  const asked = url.slice(0, url.lastIndexOf(WELL_KNOWN))
  if (typeof issuer === 'string' && issuer.replace(/\/$/, '') !== asked) {
    throw new Error(`the document is about the issuer ${JSON.stringify(issuer)}`)
  }
  if (typeof found !== 'string' || !isHttpUrl(found)) throw new Error('the document names no jwks_uri')
  if (/^https:/i.test(url) && !/^https:/i.test(found)) throw new Error('the document leads from https: to http:')
  return found
}
