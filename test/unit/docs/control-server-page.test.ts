import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { EXIT } from '../../../packages/control-server/src/cli/exit-codes.ts'
import { runCli } from '../../../packages/control-server/src/cli/run.ts'
import type { Terminal } from '../../../packages/control-server/src/cli/terminal.ts'
import { parseResources } from '../../../packages/control-server/src/config/parse.ts'
import { proxyOnlyPaths } from '../../../packages/control-server/src/config/proxy-only.ts'
import { KINDS } from '../../../packages/control-server/src/config/resource.ts'
import { validateResource } from '../../../packages/control-server/src/config/validate.ts'
import { resolveOptions } from '../../../packages/control-server/src/options.ts'
import { type ControlServer, startControlServer } from '../../../packages/control-server/src/server.ts'
import { codes, fences, readPage, section, tableRows } from './markdown.ts'

const page = readPage('docs/control-server.md')

describe('the API in docs/control-server.md', () => {
  let server: ControlServer
  beforeAll(async () => {
    server = await startControlServer({ listen: '127.0.0.1:0', store: 'memory' })
  })
  afterAll(() => server.close())

  test('is what is served', async () => {
    const { paths } = (await (await fetch(`${server.url}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, unknown>>
    }
    const served = Object.entries(paths).flatMap(([url, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${withPlaceholders(url)}`),
    )
    const documented = tableRows(section(page, '## API'))
      .map(([route = '']) => codes(route)[0] ?? '')
      .filter((route) => /^[A-Z]+ [/{]/.test(route))
    expect(documented.toSorted()).toEqual([...new Set(served)].toSorted())
  })

  test('refuses as the example shows', async () => {
    const refused = await fetch(
      `${server.url}/apis/networking.istio.io/v1/namespaces/default/virtualservices/reviews`,
      {
        method: 'PUT',
        headers: { 'content-type': 'application/yaml' },
        body: 'spec: { hosts: [reviews], http: [{ timeout: 5, route: [{ destination: { host: reviews } }] }] }',
      },
    )
    const [example = ''] = fences(page, 'json')
    expect(await refused.json()).toEqual(JSON.parse(example))
  })

  test('has every metric of the server with its labels', async () => {
    const text = await (await fetch(`${server.url}/metrics`)).text()
    const served = Array.from(text.matchAll(/^# TYPE (\S+) (\S+)$/gm), ([, name, type]) => [`\`${name}\``, type])
    const documented = tableRows(section(page, '## Metrics')).map(([name, type]) => [name, type])
    expect(documented.toSorted()).toEqual(served.toSorted())
  })
})

/** The paths of the kinds as one pattern; that each kind is named is another test. */
function withPlaceholders(url: string): string {
  for (const { group, versions, plural } of KINDS) {
    for (const version of versions) {
      const base = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
      const rest = url.slice(base.length).split('/')
      if (!url.startsWith(`${base}/`) || !rest.includes(plural)) continue
      return `{base}${rest.map((part) => (part === plural ? '{plural}' : part)).join('/')}`
    }
  }
  return url
}

test('docs/control-server.md has every kind with its group, versions and plural', () => {
  const documented = tableRows(section(page, '## Kinds')).map(([kind, group, versions, plural]) =>
    [kind, group, versions, plural].join(' | '),
  )
  for (const { kind, group, versions, plural } of KINDS) {
    const versionText = versions.map((version) => `\`${version}\``).join(', ')
    expect(documented).toContain(
      [kind, group === '' ? '(core)' : `\`${group}\``, versionText, `\`${plural}\``].join(' | '),
    )
  }
})

describe('the command line in docs/control-server.md', () => {
  const cli = section(page, '## CLI')
  const rows = [...tableRows(cli), ...tableRows(section(page, '### Options')).map((row) => ['`weft server`', ...row])]
  const ofAll = cli.replace(/^\|.*$/gm, '')

  test('has every command with its options', async () => {
    const commands = await leafCommands([])
    expect(commands.length).toBeGreaterThan(7)
    for (const { name, options } of commands) {
      const own = rows.filter(([command = '']) => codes(command).some((code) => `${code} `.startsWith(`weft ${name} `)))
      expect(own, name).not.toEqual([])
      for (const option of options) expect(`${own.flat().join()}${ofAll}`, `${name} ${option}`).toContain(option)
    }
  })

  test('has every exit code', () => {
    const documented = tableRows(section(page, '## CLI')).flatMap(([code = '']) =>
      /^\d$/.test(code) ? [Number(code)] : [],
    )
    expect(documented).toEqual(Object.values(EXIT))
  })
})

/** Commands without further ones below them, with their long options, as their help tells. */
async function leafCommands(above: readonly string[]): Promise<{ name: string; options: string[] }[]> {
  const help = await helpOf(above)
  const below = Array.from(
    (help.split(/^Commands:$/m)[1] ?? '').matchAll(/^ {2}([a-z]+)\b/gm),
    ([, name]) => name ?? '',
  )
  const commands = below.filter((name) => name !== 'help')
  if (commands.length > 0) return (await Promise.all(commands.map((name) => leafCommands([...above, name])))).flat()
  const options = Array.from(help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm), ([, option]) => option ?? '')
  return [{ name: above.join(' '), options: options.filter((option) => option !== '--help') }]
}

async function helpOf(command: readonly string[]): Promise<string> {
  const out: string[] = []
  const terminal: Terminal = {
    env: {},
    out: (text) => void out.push(text),
    err: (text) => void out.push(text),
    readStdin: () => Promise.resolve(''),
    untilStopped: () => Promise.resolve('SIGTERM' as const),
  }
  expect(await runCli([...command, '--help'], terminal)).toBe(EXIT.ok)
  return out.join('\n')
}

describe('options of the server in docs/control-server.md', () => {
  const rows = tableRows(section(page, '### Options'))

  test('are read from the variables that the page names', () => {
    const variables = rows.flatMap(([, , variable = '']) => codes(variable).filter((code) => code.startsWith('WEFT_')))
    const read = new Set<string>(['WEFT_LOG_LEVEL'])
    const environment = new Proxy<NodeJS.ProcessEnv>(
      {},
      {
        get(_, name) {
          read.add(String(name))
          return undefined
        },
      },
    )
    const { listen, dataDir, store, domain, workloadTtlMs } = resolveOptions({}, environment)
    expect(variables.toSorted()).toEqual([...read].toSorted())
    const defaults = { listen: `${listen.host}:${listen.port}`, dataDir, store, domain, workloadTtlMs }
    for (const [name, value] of Object.entries(defaults)) {
      expect(rows.find(([option]) => option === `\`${name}\``)?.[4]).toBe(`\`${value}\``)
    }
  })
})

describe('fields that are not yet enforced', () => {
  const source = readPage('packages/control-server/src/config/not-yet-enforced.ts')
  const inCode = Array.from(source.matchAll(/path: '([^']+)'/g), ([, path]) => path as string)

  test('stand in docs/control-server.md as in the code', () => {
    const documented = tableRows(section(page, '### Accepted, not yet enforced')).map(
      ([, field = '']) => codes(field)[0],
    )
    expect(new Set(documented)).toEqual(new Set(inCode))
  })
})

test("fields that only have an effect in a cluster's proxy stand in docs/control-server.md as in the code", () => {
  const documented = new Set(
    tableRows(section(page, "### Only in a cluster's proxy")).flatMap(([, field = '']) => codes(field)),
  )
  const inCode = KINDS.filter(({ kind }) => kind !== 'MeshConfig')
    .flatMap(({ kind }) => proxyOnlyPaths(kind))
    .map((field) => field.replace(/^(?:subsets\[\]\.)?trafficPolicy\./, '').replace('portLevelSettings[].', ''))
    .map((field) => field.replace(/^(?:tls|tcp)(\[\]\.match\[\]\.gateways)$/, 'http$1'))
  expect(documented).toEqual(new Set(inCode))
})

describe('examples', () => {
  const pages = ['docs/control-server.md', 'docs/client.md', 'README.md']
  const blocks = pages.flatMap((name) => fences(readPage(name), 'yaml').map((text) => ({ name, text })))
  const isResource = ({ text }: { text: string }): boolean => /^apiVersion:/m.test(text)

  test.each(blocks.filter(isResource))('of resources in $name pass the validation of the server', ({ text }) => {
    const documents = parseResources(text)
    if (!documents.ok) throw new Error(JSON.stringify(documents.error))
    for (const { value } of documents.value) {
      expect(validateResource(value)).toMatchObject({ violations: [], warnings: [] })
    }
  })

  test.each(blocks.filter((block) => !isResource(block)))('of the file of options in $name is taken', ({ text }) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'weft-docs-'))
    try {
      const config = path.join(folder, 'weft.yaml')
      writeFileSync(config, text)
      expect(resolveOptions({ config }, {})).toMatchObject({ dataDir: parse(text).dataDir })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('there are some', () => expect(blocks.length).toBeGreaterThan(3))
})
