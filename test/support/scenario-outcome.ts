/** What a service that echoes tells of the request that reached it. */
export interface Seen {
  readonly service: string
  readonly version: string
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

/** How one request ended. */
export interface Ended {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  /** What the upstream saw; absent where none was asked or it was not one of the echoing services. */
  readonly seen: Seen | undefined
  readonly body: string
  /** Code of the error that it was rejected with. */
  readonly error: string | undefined
  readonly tookMs: number
}

/** What a row came to. */
export interface RowResult {
  readonly ended: readonly Ended[]
  /** How many requests have reached each instance, by service and version (`reviews v1`). */
  readonly arrived: Readonly<Record<string, number>>
}

type Check = (result: RowResult, match: readonly string[]) => string | undefined

const every =
  (test: (ended: Ended, match: readonly string[]) => string | undefined): Check =>
  ({ ended }, match) => {
    for (const each of ended) {
      const wrong = test(each, match)
      if (wrong !== undefined) return wrong
    }
    return undefined
  }

const answeredBy = ({ seen, status, error }: Ended): string =>
  seen === undefined ? (error ?? `status ${status}`) : `${seen.service} ${seen.version}`

/** Of all requests, the share that an answer has, in percent. */
function shareOf({ ended }: RowResult, who: string): number {
  const count = ended.filter((each) => answeredBy(each) === who || answeredBy(each).endsWith(` ${who}`)).length
  return (100 * count) / ended.length
}

const expected = (what: string, wanted: unknown, got: unknown): string => `${what} should be ${wanted}, is ${got}`

/** Each phrase that an outcome is made of, and what it means. */
const PHRASES: readonly (readonly [RegExp, Check])[] = [
  [
    /^(\d+)\.\.(\d+) % (.+)$/,
    (result, [, low, high, who = '']) => {
      const share = shareOf(result, who)
      return share >= Number(low) && share <= Number(high)
        ? undefined
        : expected(`share of ${who}`, `${low}..${high}`, share)
    },
  ],
  [
    /^status (\d+)$/,
    every(({ status }, [, code]) => (status === Number(code) ? undefined : expected('status', code, status))),
  ],
  [
    /^flags (\S+)$/,
    every(({ headers }, [, flags]) =>
      headers['x-weft-response-flags'] === flags
        ? undefined
        : expected('flags', flags, headers['x-weft-response-flags']),
    ),
  ],
  [
    /^error (\S+)$/,
    every(({ headers, error }, [, code]) => {
      const got = error ?? headers['x-weft-error']
      return got === code ? undefined : expected('error', code, got)
    }),
  ],
  [
    /^answers? ([\w-]+): (.+)$/,
    every(({ headers }, [, name = '', value]) =>
      headers[name] === value ? undefined : expected(`response header ${name}`, value, headers[name]),
    ),
  ],
  [
    /^answers? no ([\w-]+)$/,
    every(({ headers }, [, name = '']) =>
      headers[name] === undefined ? undefined : expected(`response header ${name}`, 'absent', headers[name]),
    ),
  ],
  [/^body (.+)$/, every(({ body }, [, text]) => (body === text ? undefined : expected('body', text, body)))],
  [
    /^sees (path|method|body) (.+)$/,
    every(({ seen }, [, what = '', value]) => {
      const got = seen?.[what as 'path' | 'method' | 'body']
      return got === value ? undefined : expected(`${what} seen`, value, got)
    }),
  ],
  [
    /^sees ([\w-]+): (.+)$/,
    every(({ seen }, [, name = '', value]) =>
      seen?.headers[name] === value ? undefined : expected(`header ${name} seen`, value, seen?.headers[name]),
    ),
  ],
  [
    /^sees no ([\w-]+)$/,
    every(({ seen }, [, name = '']) =>
      seen !== undefined && seen.headers[name] === undefined
        ? undefined
        : expected(`header ${name} seen`, 'absent', seen?.headers[name]),
    ),
  ],
  [
    /^takes (\d+)\.\.(\d+) ms$/,
    every(({ tookMs }, [, low, high]) =>
      tookMs >= Number(low) - 2 && tookMs <= Number(high) ? undefined : expected('time', `${low}..${high} ms`, tookMs),
    ),
  ],
  [
    /^(\d+)(?:\.\.(\d+))? at (.+)$/,
    ({ arrived }, [, low, high, who = '']) => {
      const got = arrived[who] ?? 0
      return got >= Number(low) && got <= Number(high ?? low)
        ? undefined
        : expected(`requests at ${who}`, high === undefined ? low : `${low}..${high}`, got)
    },
  ],
  [
    /^one instance$/,
    ({ ended }) => {
      const all = new Set(ended.map(({ headers }) => headers['x-instance']))
      return all.size === 1 ? undefined : expected('instances that answer', 1, all.size)
    },
  ],
  [
    /^([a-z-]+ )?v\d+$/,
    (result, [who = '']) => {
      const share = shareOf(result, who)
      return share === 100 ? undefined : expected('answer', who, [...new Set(result.ended.map(answeredBy))].join(', '))
    },
  ],
]

/** What is wrong with a result; empty where it is as the outcome says. Clauses are separated by `;`. */
export function misses(outcome: string, result: RowResult): string[] {
  return outcome.split(';').flatMap((clause) => {
    const text = clause.trim().replaceAll('`', '')
    for (const [pattern, check] of PHRASES) {
      const match = pattern.exec(text)
      if (match !== null) return check(result, match) ?? []
    }
    throw new Error(`not an outcome: ${text}`)
  })
}
