/** Who asks, as a row says it. */
export interface ScenarioCaller {
  readonly service: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly locality: string
}

/** What is asked, as a row says it. */
export interface ScenarioRequest {
  /** How long to pause before. */
  readonly afterMs: number
  /** How long to ask again while the outcome is another; 0: once. */
  readonly withinMs: number
  readonly times: number
  /** How many of them are under way at once. */
  readonly atOnce: number
  /** How long to pause between two. */
  readonly everyMs: number
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly caller: ScenarioCaller
}

const REQUEST =
  /^(?:after (?<after>\d+) ms )?(?:within (?<within>\d+) s )?(?:(?<times>\d+) × (?<together>at once )?(?:every (?<every>\d+) ms )?)?(?<method>[A-Z]+) (?<url>\S+)(?<rest>.*)$/
const PART = / (with|from|in|labelled|at|sending) (.+?)(?= (?:with|from|in|labelled|at|sending) |$)/g

/**
 * `[after n ms] [within n s] [n × [at once] [every n ms]] METHOD URL`, then any of `with name: value`, `sending text`, `from service`,
 * `in namespace`, `labelled key=value`, `at region/zone`; for TCP, `CONNECT tcp://host:port`. `{n}` in URL and values counts the requests.
 */
export function parseRequest(text: string): ScenarioRequest {
  const { after, within, times, together, every, method, url, rest } = REQUEST.exec(text)?.groups ?? {}
  if (method === undefined || url === undefined) throw new Error(`not a request: ${text}`)
  const headers: Record<string, string> = {}
  const labels: Record<string, string> = {}
  let body: string | undefined
  let [service, namespace, locality] = ['caller', 'default', '']
  for (const [, word, value = ''] of (rest ?? '').matchAll(PART)) {
    if (word === 'with') headers[value.slice(0, value.indexOf(':'))] = value.slice(value.indexOf(':') + 1).trim()
    else if (word === 'labelled') labels[value.split('=')[0] as string] = value.split('=')[1] ?? ''
    else if (word === 'from') service = value
    else if (word === 'in') namespace = value
    else if (word === 'at') locality = value
    else body = value
  }
  return {
    afterMs: Number(after ?? 0),
    withinMs: Number(within ?? 0) * 1000,
    times: Number(times ?? 1),
    atOnce: together === undefined ? 1 : Number(times),
    everyMs: Number(every ?? 0),
    method,
    url,
    headers,
    body,
    caller: { service, namespace, labels, locality },
  }
}

/** One of the requests of a row. */
export function nthRequest(request: ScenarioRequest, index: number): ScenarioRequest {
  const counted = (text: string): string => text.replaceAll('{n}', String(index))
  const headers = Object.entries(request.headers).map(([name, value]) => [name, counted(value)] as const)
  return { ...request, url: counted(request.url), headers: Object.fromEntries(headers) }
}
