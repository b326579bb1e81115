/** Node keeps the first of these and drops the others (`http.IncomingMessage.headers`). */
const FIRST_ONLY: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'content-length',
  'content-type',
  'etag',
  'expires',
  'from',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'retry-after',
  'server',
  'user-agent',
])

/** What is neither a text nor several is no header: objects of headers have a prototype, in which `constructor` is found. */
export function wholeHeader(value: string | readonly string[] | undefined): string | undefined {
  if (typeof value === 'string') return value
  return Array.isArray(value) ? value.join(',') : undefined
}

/**
 * A header with all its repetitions joined by commas, as policies see it (Envoy `getAllOfHeaderAsString`): Node joins most by
 * a comma and a blank, which cannot be told from a blank that was sent.
 *
 * @param name lower case
 * @param raw names and values in turn, as they came
 */
export function joinedHeader(
  name: string,
  value: string | readonly string[] | undefined,
  raw: readonly string[],
): string | undefined {
  if (value === undefined || typeof value !== 'string') return wholeHeader(value)
  if (name === 'cookie' || (!value.includes(', ') && !FIRST_ONLY.has(name))) return value
  const all: string[] = []
  for (let at = 0; at < raw.length; at += 2) {
    const key = raw[at] as string
    if (key.length === name.length && key.toLowerCase() === name) all.push(raw[at + 1] as string)
  }
  return all.length < 2 ? value : all.join(',')
}
