import { isObject } from '../kernel/json-value.ts'

/** One cause of a refusal, as the server's `Status` lists it. */
export interface Cause {
  readonly field: string
  readonly message: string
}

/** What the server answered. */
export interface Answer {
  readonly status: number
  readonly body: unknown
  /** From the header `Warning` and from the body. */
  readonly warnings: readonly string[]
}

export interface Refused {
  readonly status: number
  readonly message: string
  readonly causes: readonly Cause[]
}

/** What a refusing answer says; also of a server that is not Weft's. */
export function refusedOf({ status, body }: Answer): Refused {
  if (!isObject(body) || typeof body.message !== 'string') {
    return { status, message: `the server answered ${status} in a form that is not Weft's`, causes: [] }
  }
  const causes = isObject(body.details) && Array.isArray(body.details.causes) ? body.details.causes : []
  return {
    status,
    message: body.message,
    causes: causes.filter(isObject).map(({ field, message }) => ({ field: String(field), message: String(message) })),
  }
}

/** Quoted texts of `Warning: 299 - "…"` lines, which `fetch` joins by commas. */
export function parseWarnings(header: string | null): string[] {
  const texts = (header ?? '').matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)
  return Array.from(texts, ([, text = '']) => text.replace(/\\(.)/g, '$1'))
}
