import type { IncomingHttpHeaders } from 'node:http'
import { HOP_BY_HOP_HEADERS } from '../../kernel/header-names.ts'

const HOP_BY_HOP: ReadonlySet<string> = new Set(HOP_BY_HOP_HEADERS)

function namedByConnection(value: string | undefined): ReadonlySet<string> {
  return value === undefined ? new Set() : new Set(value.split(',').map((name) => name.trim().toLowerCase()))
}

/** What of a request's headers goes on to the upstream; names and values in turn. */
export function endToEndHeaders(raw: readonly string[]): string[] {
  const kept: string[] = []
  const at = raw.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'connection')
  const named = namedByConnection(at === -1 ? undefined : raw[at + 1])
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] as string
    const lower = name.toLowerCase()
    if (!HOP_BY_HOP.has(lower) && !named.has(lower)) kept.push(name, raw[index + 1] as string)
  }
  return kept
}

/** What of a response's headers goes on to the client. */
export function endToEndResponse(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !HOP_BY_HOP.has(name)) kept[name] = value
  }
  return kept
}
