import { validateHeaderName, validateHeaderValue } from 'node:http'

/**
 * Whether Node would write a header. What a provider says is checked here: written later, a header that is none would throw where
 * nobody expects it.
 */
export function isValidHeader(name: string, value: string): boolean {
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
    return true
  } catch {
    return false
  }
}
