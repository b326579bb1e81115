/** What a service that echoes tells of the request that reached it. */
export interface Seen {
  readonly service: string
  readonly version: string
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
  /** `1.1`, `2.0`. */
  readonly protocol: string
  /** Which connection of the world it came on. */
  readonly connection: number
  /** The name that TLS was asked for. */
  readonly sni: string
  /** Common name of the client's certificate. */
  readonly client: string
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
  /** What has reached each instance, by service and version (`reviews v1`). */
  readonly arrived: Readonly<Record<string, readonly Seen[]>>
  /** What the control server warns of, or refuses. */
  readonly warnings: readonly string[]
  readonly refusals: readonly string[]
}

type Match = readonly (string | undefined)[]
type Miss = string | undefined

const expected = (what: string, wanted: unknown, got: unknown): string => `${what} should be ${wanted}, is ${got}`

/** Whether a text is as the outcome says; `…` stands for anything. */
function fits(got: string | undefined, wanted: string): boolean {
  if (got === undefined) return false
  const parts = wanted.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 's').test(got)
}

function is(what: string, got: string | number | undefined, wanted: string | undefined): Miss {
  return fits(got === undefined ? undefined : String(got), wanted ?? '') ? undefined : expected(what, wanted, got)
}

const answeredBy = ({ seen, status, error }: Ended): string =>
  seen === undefined ? (error ?? `status ${status}`) : `${seen.service} ${seen.version}`

function answers(ended: Ended, who: string): Miss {
  const by = answeredBy(ended)
  return who.split(' or ').some((one) => by === one || by.endsWith(` ${one}`)) ? undefined : expected('answer', who, by)
}

function sees(seen: Seen | undefined, what: string): Miss {
  const [, part = '', value] = /^(path|method|body|protocol|sni|client) (.+)$/.exec(what) ?? []
  if (value !== undefined) return is(`${part} seen`, seen?.[part as 'path'], value)
  const [, name = '', header] = /^([\w-]+): (.+)$/.exec(what) ?? []
  if (header !== undefined) return is(`header ${name} seen`, seen?.headers[name], header)
  const [, absent] = /^no ([\w-]+)$/.exec(what) ?? []
  if (absent === undefined) throw new Error(`nothing that is seen: ${what}`)
  const got = seen === undefined ? 'no request' : seen.headers[absent]
  return got === undefined ? undefined : expected(`header ${absent} seen`, 'absent', got)
}

/** What can be said of each request of a row. */
const OF_EACH: readonly (readonly [RegExp, (ended: Ended, match: Match) => Miss])[] = [
  [/^status (\d+)$/, ({ status }, [, code]) => is('status', status, code)],
  [/^flags (\S+)$/, ({ headers }, [, flags]) => is('flags', headers['x-weft-response-flags'], flags)],
  [/^error (\S+)$/, ({ headers, error }, [, code]) => is('error', error ?? headers['x-weft-error'], code)],
  [
    /^answers no ([\w-]+)$/,
    ({ headers }, [, name = '']) =>
      headers[name] === undefined ? undefined : expected(`response header ${name}`, 'absent', headers[name]),
  ],
  [
    /^answers ([\w-]+): (.+)$/,
    ({ headers }, [, name = '', value]) => is(`response header ${name}`, headers[name], value),
  ],
  [/^body (.+)$/, ({ body }, [, text]) => is('body', body, text)],
  [/^sees (.+)$/, ({ seen }, [, what = '']) => sees(seen, what)],
  [
    /^takes (\d+)\.\.(\d+) ms$/,
    ({ tookMs }, [, low, high]) =>
      tookMs >= Number(low) - 2 && tookMs <= Number(high) ? undefined : expected('time', `${low}..${high} ms`, tookMs),
  ],
  [/^((?:[a-z-]+ )?v\d+(?: or (?:[a-z-]+ )?v\d+)*)$/, (ended, [, who = '']) => answers(ended, who)],
]

function ofEach(clause: string): ((ended: Ended) => Miss) | undefined {
  for (const [pattern, check] of OF_EACH) {
    const match = pattern.exec(clause)
    if (match !== null) return (ended) => check(ended, match)
  }
  return undefined
}

/** How many requests are as a clause says. */
function countOf(ended: readonly Ended[], clause = ''): number {
  const check = ofEach(clause)
  if (check === undefined) throw new Error(`not an outcome: ${clause}`)
  return ended.filter((each) => check(each) === undefined).length
}

function between(what: string, got: number, low: string | undefined, high = low): Miss {
  if (got >= Number(low) && got <= Number(high)) return undefined
  return expected(what, low === high ? low : `${low}..${high}`, got)
}

const told = (what: string, texts: readonly string[], wanted = ''): Miss =>
  texts.some((text) => fits(text, `…${wanted}…`)) ? undefined : expected(what, wanted, texts.join(' | ') || 'nothing')

/** What can be said of a row as a whole. */
const OF_ROW: readonly (readonly [RegExp, (result: RowResult, match: Match) => Miss])[] = [
  [
    /^(\d+)\.\.(\d+) % (.+)$/,
    ({ ended }, [, low, high, clause]) =>
      between(`percent of ${clause}`, (100 * countOf(ended, clause)) / ended.length, low, high),
  ],
  [
    /^(\d+)(?:\.\.(\d+))? times (.+)$/,
    ({ ended }, [, low, high, clause]) => between(`times ${clause}`, countOf(ended, clause), low, high),
  ],
  [
    /^(\d+)(?:\.\.(\d+))? at (.+)$/,
    ({ arrived }, [, low, high, who = '']) => between(`requests at ${who}`, arrived[who]?.length ?? 0, low, high),
  ],
  [
    /^([a-z-]+ v\d+) sees (.+)$/,
    ({ arrived }, [, who = '', what = '']) => {
      const all = arrived[who] ?? []
      return all.length === 0 ? `nothing arrived at ${who}` : all.map((seen) => sees(seen, what)).find((miss) => miss)
    },
  ],
  [
    /^(\d+)(?:\.\.(\d+))? (instance|connection)s?$/,
    ({ ended }, [, low, high, what]) => {
      const all = new Set(ended.map((each) => (what === 'instance' ? answeredBy(each) : each.seen?.connection)))
      return between(`${what}s`, all.size, low, high)
    },
  ],
  [/^warns (.+)$/, ({ warnings }, [, text]) => told('a warning', warnings, text)],
  [/^refused (.+)$/, ({ refusals }, [, text]) => told('a refusal', refusals, text)],
  [
    /^nothing to say$/,
    ({ warnings, refusals }) => {
      const all = [...warnings, ...refusals]
      return all.length === 0 ? undefined : expected('what is said', 'nothing', all.join(' | '))
    },
  ],
]

function missOf(clause: string, result: RowResult): Miss {
  for (const [pattern, check] of OF_ROW) {
    const match = pattern.exec(clause)
    if (match !== null) return check(result, match)
  }
  const check = ofEach(clause)
  if (check === undefined) throw new Error(`not an outcome: ${clause}`)
  if (result.ended.length === 0) return `${clause}: nothing was asked`
  return result.ended.map(check).find((miss) => miss !== undefined)
}

/** What is wrong with a result; empty where it is as the outcome says. Clauses are separated by `;`. */
export function misses(outcome: string, result: RowResult): string[] {
  return outcome.split(';').flatMap((clause) => missOf(clause.trim().replaceAll('`', ''), result) ?? [])
}
