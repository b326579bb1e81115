import { isRecord, type JsonRecord } from './record.ts'

/** A field of the items of a list, with its other spelling. */
interface Spelling {
  readonly list: string
  readonly from: string
  readonly to: string
}

const RESPELLED: Readonly<Record<string, Spelling>> = {
  VirtualService: { list: 'http', from: 'mirror_percent', to: 'mirrorPercent' },
  RequestAuthentication: { list: 'jwtRules', from: 'jwks_uri', to: 'jwksUri' },
}

/**
 * The spec as it is stored: fields that are explicitly null are left out, and the fields with a second spelling in
 * Istio's own CRDs have their first. The schema has refused every null that could mean something else.
 */
export function normalizeSpec(kind: string, spec: JsonRecord): JsonRecord {
  const clean = withoutNulls(spec)
  const spelling = RESPELLED[kind]
  const items = spelling && clean[spelling.list]
  if (spelling === undefined || !Array.isArray(items)) return clean
  return { ...clean, [spelling.list]: items.map((item: JsonRecord) => respell(item, spelling)) }
}

function withoutNulls(value: JsonRecord): JsonRecord {
  const entries = Object.entries(value).filter(([, inner]) => inner !== null)
  return Object.fromEntries(entries.map(([key, inner]) => [key, cleanValue(inner)]))
}

function cleanValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cleanValue)
  return isRecord(value) ? withoutNulls(value) : value
}

function respell(item: JsonRecord, { from, to }: Spelling): JsonRecord {
  if (!Object.hasOwn(item, from)) return item
  const { [from]: value, ...rest } = item
  return { [to]: value, ...rest }
}
