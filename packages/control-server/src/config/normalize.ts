import { isRecord, type JsonRecord } from './record.ts'

/**
 * The spec as it is stored: fields that are explicitly null are left out, and the one field with a second spelling in
 * Istio's own CRD has its first. The schema has refused every null that could mean something else.
 */
export function normalizeSpec(kind: string, spec: JsonRecord): JsonRecord {
  const clean = withoutNulls(spec)
  const routes = clean.http
  if (kind !== 'VirtualService' || !Array.isArray(routes)) return clean
  return { ...clean, http: routes.map((route: JsonRecord) => respell(route)) }
}

function withoutNulls(value: JsonRecord): JsonRecord {
  const entries = Object.entries(value).filter(([, inner]) => inner !== null)
  return Object.fromEntries(entries.map(([key, inner]) => [key, cleanValue(inner)]))
}

function cleanValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cleanValue)
  return isRecord(value) ? withoutNulls(value) : value
}

function respell(route: JsonRecord): JsonRecord {
  if (!Object.hasOwn(route, 'mirror_percent')) return route
  const { mirror_percent, ...rest } = route
  return { mirrorPercent: mirror_percent, ...rest }
}
