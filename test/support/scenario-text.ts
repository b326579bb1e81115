import { parseAllDocuments } from 'yaml'

/** One line of a table: who asks what, and what becomes of it. */
export interface ScenarioRow {
  readonly line: number
  readonly request: string
  readonly outcome: string
}

/** One section of a page: resources, and what they do. */
export interface Scenario {
  readonly name: string
  readonly resources: readonly ScenarioResource[]
  readonly rows: readonly ScenarioRow[]
}

export interface ScenarioResource {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly spec: Readonly<Record<string, unknown>>
}

const HEADING = /^## (.+)$/
const ROW = /^\| `(.+)` \| (.+) \|$/

/** Reads the scenarios of a Markdown page: for each `##` heading its YAML blocks, and the rows of its tables. */
export function parseScenarios(text: string, file: string): Scenario[] {
  const scenarios: { name: string; yaml: string[]; rows: ScenarioRow[] }[] = []
  let inYaml = false
  text.split('\n').forEach((line, index) => {
    const current = scenarios.at(-1)
    const heading = HEADING.exec(line)?.[1]
    if (heading !== undefined && !inYaml) scenarios.push({ name: heading, yaml: [], rows: [] })
    else if (line === '```yaml') {
      inYaml = true
      current?.yaml.push('---')
    } else if (line === '```') inYaml = false
    else if (inYaml) current?.yaml.push(line)
    else {
      const [, request, outcome] = ROW.exec(line) ?? []
      if (request !== undefined && outcome !== undefined) current?.rows.push({ line: index + 1, request, outcome })
    }
  })
  return scenarios.map(({ name, yaml, rows }) => {
    if (rows.length === 0) throw new Error(`${file}: "${name}" has no rows`)
    return { name, rows, resources: parseResources(yaml.join('\n'), `${file}: "${name}"`) }
  })
}

function parseResources(yaml: string, where: string): ScenarioResource[] {
  return parseAllDocuments(yaml).flatMap((document) => {
    if (document.errors[0] !== undefined) throw new Error(`${where}: ${document.errors[0].message}`)
    const resource = document.toJS() as ScenarioResource | null
    return resource === null ? [] : [resource]
  })
}

/** Who asks, as a row says it. */
export interface ScenarioCaller {
  readonly service: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly locality: string
}

/** What is asked, as a row says it. */
export interface ScenarioRequest {
  readonly times: number
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly caller: ScenarioCaller
}

const REQUEST = /^(?:(\d+) × )?([A-Z]+) (\S+)(.*)$/
const PART = / (with|from|in|labelled|at|sending) (.+?)(?= (?:with|from|in|labelled|at|sending) |$)/g

/**
 * `[n ×] METHOD URL`, then any of `with name: value`, `sending text`, `from service`, `in namespace`, `labelled key=value`,
 * `at region/zone`; for TCP, `CONNECT tcp://host:port`.
 */
export function parseRequest(text: string): ScenarioRequest {
  const [, times, method, url, rest] = REQUEST.exec(text) ?? []
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
    times: Number(times ?? 1),
    method,
    url,
    headers,
    body,
    caller: { service, namespace, labels, locality },
  }
}
