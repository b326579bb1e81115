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
const ROW = /^\| `(.+?)` \| (.+) \|$/

interface Section {
  readonly name: string
  readonly yaml: string[]
  readonly rows: ScenarioRow[]
}

/**
 * Reads the scenarios of a Markdown page: for each `##` heading its YAML blocks, and the rows of its tables. What YAML
 * stands before the first heading, each scenario has, but for resources of the same name that it has itself.
 */
export function parseScenarios(text: string, file: string): Scenario[] {
  const [preamble, ...sections] = parseSections(text) as [Section, ...Section[]]
  const shared = parseResources(preamble.yaml.join('\n'), file)
  return sections.map(({ name, yaml, rows }) => {
    if (rows.length === 0) throw new Error(`${file}: "${name}" has no rows`)
    const own = parseResources(yaml.join('\n'), `${file}: "${name}"`)
    const names = new Set(own.map(nameOf))
    return { name, rows, resources: [...shared.filter((resource) => !names.has(nameOf(resource))), ...own] }
  })
}

function parseSections(text: string): Section[] {
  const sections: Section[] = [{ name: '', yaml: [], rows: [] }]
  let inYaml = false
  text.split('\n').forEach((line, index) => {
    const { yaml, rows } = sections.at(-1) as Section
    const heading = HEADING.exec(line)?.[1]
    if (heading !== undefined && !inYaml) sections.push({ name: heading, yaml: [], rows: [] })
    else if (line === '```yaml') {
      inYaml = true
      yaml.push('---')
    } else if (line === '```') inYaml = false
    else if (inYaml) yaml.push(line)
    else {
      const [, request, outcome] = ROW.exec(line) ?? []
      if (request !== undefined && outcome !== undefined) rows.push({ line: index + 1, request, outcome })
    }
  })
  return sections
}

const nameOf = ({ kind, metadata: { name, namespace = 'default' } }: ScenarioResource): string =>
  `${kind} ${namespace}/${name}`

function parseResources(yaml: string, where: string): ScenarioResource[] {
  return parseAllDocuments(yaml).flatMap((document) => {
    if (document.errors[0] !== undefined) throw new Error(`${where}: ${document.errors[0].message}`)
    const resource = document.toJS() as ScenarioResource | null
    return resource === null ? [] : [resource]
  })
}
