import type { BaggageMark } from '@weft/mesh-protocol'

/** What a `baggage` header may hold, in bytes (W3C Baggage 3.3.2); of a longer one nothing is read or added. */
export const MAX_BAGGAGE_BYTES = 8192

/** A name in {@link https://www.w3.org/TR/baggage/ Baggage}: a token of RFC 9110. */
const KEY = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** `baggage-octet`: printable ASCII without whitespace, quote, comma, semicolon and backslash. */
const VALUE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/

/**
 * The value of one member of a `baggage` header, decoded; of several with the key the last. A member that breaks the
 * format is passed over, and so is one whose percent-encoding stands for no text.
 */
export function baggageValue(header: string, key: string): string | undefined {
  if (header.length > MAX_BAGGAGE_BYTES || !header.includes(key)) return undefined
  let found: string | undefined
  for (const member of header.split(',')) {
    const value = keyOf(member) === key ? decodedValue(member) : undefined
    if (value !== undefined) found = value
  }
  return found
}

/**
 * The header with these members instead of any others of their keys. One that would not fit is left out, so that nothing
 * of somebody else's is lost.
 */
export function withMarks(header: string | undefined, marks: readonly BaggageMark[]): string {
  let result = header ?? ''
  for (const { key, value } of marks) {
    const others = result.split(',').filter((member) => member.trim() !== '' && keyOf(member) !== key)
    const marked = [...others, `${key}=${encodeURIComponent(value)}`].join(',')
    if (marked.length <= MAX_BAGGAGE_BYTES) result = marked
  }
  return result
}

/** Both headers in one: of a key that stands in both, the member of `first`. */
export function mergeBaggage(first: string, second: string): string {
  const keys = new Set(first.split(',').map(keyOf))
  const added = second.split(',').filter((member) => {
    const key = keyOf(member)
    return key !== undefined && !keys.has(key)
  })
  if (added.length === 0) return first
  const merged = [first, ...added].join(',')
  return merged.length <= MAX_BAGGAGE_BYTES ? merged : first
}

/** Whether a key can stand in the header. */
export function isBaggageKey(text: string): boolean {
  return KEY.test(text)
}

function keyOf(member: string): string | undefined {
  const equals = member.indexOf('=')
  const key = equals < 0 ? '' : member.slice(0, equals).trim()
  return KEY.test(key) ? key : undefined
}

function decodedValue(member: string): string | undefined {
  const start = member.indexOf('=') + 1
  const properties = member.indexOf(';')
  const text = member.slice(start, properties < 0 ? undefined : properties).trim()
  if (!VALUE.test(text)) return undefined
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
