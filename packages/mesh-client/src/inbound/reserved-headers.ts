import { RESERVED_PREFIX } from '../kernel/header-names.ts'

/** Whether a header name, in any case, is one of the mesh's own. */
export function isReservedHeader(name: string): boolean {
  // Most names differ in the first letter or the third; only the rest are worth a lower-case copy.
  if ((name.charCodeAt(0) | 0x20) !== 0x78 || (name.charCodeAt(2) | 0x20) !== 0x77) return false
  return name.toLowerCase().startsWith(RESERVED_PREFIX)
}

/** Whether any is among raw headers, names and values in turn. */
export function hasReservedHeader(raw: readonly string[]): boolean {
  for (let index = 0; index < raw.length; index += 2) {
    if (isReservedHeader(raw[index] as string)) return true
  }
  return false
}
