import { type Violation, validateRegistration, type WorkloadRegistration } from '@weft/mesh-protocol'

/** Comma separated, blanks around the entries and empty entries ignored. */
export function parseList(text: string): readonly string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
}

/** `key=value,key=value`; `undefined` where an entry has no `=` or no key. */
export function parseLabels(text: string): Readonly<Record<string, string>> | undefined {
  const pairs = parseList(text).map(
    (entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)] as const,
  )
  const broken = parseList(text).some((entry) => entry.indexOf('=') < 1)
  return broken ? undefined : Object.fromEntries(pairs.map(([key, value]) => [key.trim(), value.trim()]))
}

/** Digits only, so that `1e3`, `0x10` and `` are not taken for numbers. */
export function parseWholeNumber(text: string): number | undefined {
  return /^\d+$/.test(text.trim()) ? Number(text) : undefined
}

export function parseFlag(text: string): boolean | undefined {
  const lower = text.trim().toLowerCase()
  if (['1', 'true', 'on'].includes(lower)) return true
  return ['0', 'false', 'off'].includes(lower) ? false : undefined
}

export const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

export const isTextList = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText)

export const isWholeNumber =
  (min: number, max: number) =>
  (value: unknown): value is number =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max

export function isTextMap(value: unknown): value is Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every((entry) => typeof entry === 'string')
}

/** A field name of RFC 9110. */
export const isHeaderName = (value: unknown): value is string =>
  typeof value === 'string' && /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(value)

/** A DNS name with one label or more, without port. */
export const isHostName = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.length <= 253 &&
  /^[a-z0-9_]([-a-z0-9_]*[a-z0-9_])?(\.[a-z0-9_]([-a-z0-9_]*[a-z0-9_])?)*$/i.test(value)

/** `region/zone/subzone`, at most three parts. */
export const isLocality = (value: unknown): value is string => typeof value === 'string' && value.split('/').length <= 3

export function isControlUrl(value: unknown): value is string {
  if (typeof value !== 'string' || !URL.canParse(value)) return false
  const { protocol, username, password, search, hash } = new URL(value)
  return (
    (protocol === 'http:' || protocol === 'https:') && [username, password, search, hash].every((part) => part === '')
  )
}

const SAMPLE: WorkloadRegistration = {
  service: 'sample',
  namespace: 'default',
  address: '127.0.0.1',
  ports: [{ name: 'http', servicePort: 80, port: 80, listenPort: 80, protocol: 'http' }],
  labels: {},
  serviceAccount: 'default',
  locality: '',
  weight: 1,
}

/** Whether the control server would take a registration with this field, by the rule both sides share. */
export function registrable(field: 'service' | 'namespace' | 'address', value: unknown): boolean {
  const checked = validateRegistration({ ...SAMPLE, [field]: value })
  return checked.ok || !checked.error.some((violation: Violation) => violation.field === field)
}
