import { fail, ok, type Result } from '@weft/mesh-protocol'
import type { PlacedValue } from './placed-value.ts'

/** Enough for tens of thousands of resources. */
export const MAX_JSON_BYTES: number = 16 * 1024 * 1024

/** One JSON value; the error has the line and column. */
export function parseJson(text: string): Result<PlacedValue[]> {
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_JSON_BYTES) {
    const message = `the input is too large: ${bytes} bytes of at most ${MAX_JSON_BYTES}; send it in parts`
    return fail([{ field: '', message }])
  }
  try {
    return ok([{ where: '', value: JSON.parse(text) as unknown }])
  } catch (error) {
    return fail([{ field: '', message: `is not JSON: ${explain(error, text)}` }])
  }
}

/** The engine's message with the line and column, which it gives for some errors only. */
function explain(error: unknown, text: string): string {
  const message = error instanceof Error ? error.message : String(error)
  if (message.includes('line ')) return message
  const offset = positionIn(message) ?? errorOffset(text)
  // Some messages quote the text instead.
  const reason = message.replace(/, (?:\.\.\.)?".*is not valid JSON$/s, '')
  if (offset === undefined) return reason
  const before = text.slice(0, offset).split('\n')
  return `${reason} (line ${before.length} column ${(before.at(-1) as string).length + 1})`
}

function positionIn(message: string): number | undefined {
  const position = /at position (\d+)/.exec(message)?.[1]
  return position === undefined ? undefined : Number(position)
}

/** Larger texts are not searched. */
const MAX_SEARCHED = 1024 * 1024

/** Where a text stops being the beginning of some JSON, found by halving. */
function errorOffset(text: string): number | undefined {
  if (text.length > MAX_SEARCHED) return undefined
  let good = 0
  let bad = text.length
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (mayContinue(text.slice(0, middle))) good = middle
    else bad = middle
  }
  return good
}

function mayContinue(prefix: string): boolean {
  try {
    JSON.parse(prefix)
    return true
  } catch (error) {
    if (!(error instanceof Error)) return false
    const position = positionIn(error.message)
    return position === undefined ? error.message.includes('Unexpected end') : position >= prefix.length
  }
}
