import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type ControlServer, startControlServer } from '../../packages/control-server/src/server.ts'
import { tempFolder } from '../support/control-stores.ts'
import { type CliRun, weft } from '../support/fake-terminal.ts'

const folder = tempFolder()
let server: ControlServer

const service = (name: string): string =>
  `apiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\nspec: { ports: [{ port: 80 }] }\n`
const route = (name: string, to: string): string =>
  `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: { name: ${name} }\nspec:\n  hosts: [reviews]\n  http:\n    - route: [{ destination: { host: ${to} } }]\n`

function file(name: string, text: string): string {
  const at = path.join(folder.path, name)
  mkdirSync(path.dirname(at), { recursive: true })
  writeFileSync(at, text)
  return at
}

const run = (line: string, stdin?: string): Promise<CliRun> =>
  weft(line.split(' '), stdin === undefined ? {} : { stdin })

beforeAll(async () => {
  server = await startControlServer({ listen: '127.0.0.1:0', store: 'memory' })
  await weft(['apply', '--server', server.url, '-f', '-'], {
    stdin: `${service('reviews')}---\n${route('stored', 'reviews')}`,
  })
})
afterAll(async () => {
  await server.close()
  folder.remove()
})

describe('weft analyze', () => {
  test('tells file, line, code, resource, field, message and remedy of each, and ends with 1 where there are errors', async () => {
    const at = file(
      'one/a.yaml',
      `${route('a', 'reviews').replace('route:', 'timeout: 5\n      route:')}---\n${route('b', 'ratings')}`,
    )
    const { code, out, err } = await run(`analyze -f ${path.dirname(at)}`)
    expect([code, err]).toEqual([1, 'weft: there is 1 error'])
    expect(out.split('\n')).toEqual([
      `${at}:7: error WEFT0101 VirtualService default/a: spec.http[0].timeout: must be a string, not the number 5`,
      '  Change the field as the message says.',
      expect.stringContaining(
        `${at}:14: info WEFT0201 VirtualService default/b: spec.hosts[0]: no service reviews.default`,
      ),
      expect.stringContaining('  Correct the host'),
      expect.stringContaining(
        `${at}:16: info WEFT0201 VirtualService default/b: spec.http[0].route[0].destination.host`,
      ),
      expect.stringContaining('  Correct the host'),
      '2 resources: 1 error, 0 warnings, 2 info',
    ])
  })

  test('with a server it knows what is there, keeps the lines of the files and stores nothing', async () => {
    const at = file('two.yaml', `${service('extra')}---\n${route('new', 'reviews')}`)
    const { code, out } = await run(`analyze -f ${at} -o json --server ${server.url}`)
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      counts: { error: 1, warning: 0, info: 0 },
      messages: [{ code: 'WEFT0302', resource: { name: 'new' }, field: 'spec.hosts[0]', file: at, line: 10, item: 1 }],
    })
    expect((await fetch(`${server.url}/api/v1/namespaces/default/services/extra`)).status).toBe(404)
  })

  test.each([
    ['alone', ''],
    ['with a server', ' --server URL'],
  ])('says where the same resource is given before, %s', async (_, more) => {
    const first = file('same/1.yaml', `${service('x')}---\n${service('y')}`)
    const second = file('same/2.yaml', service('y'))
    const { out } = await run(`analyze -f ${path.dirname(first)}${more.replace('URL', server.url)}`)
    expect(out).toContain(
      `${second}:3: warning WEFT0107 Service default/y: metadata.name: is given before (${first} (document 2, line 6))`,
    )
  })

  test('says nothing where nothing is wrong, and ends with 0 where there are only warnings', async () => {
    const clean = await run('analyze -f - -o yaml', service('a'))
    expect([clean.code, parse(clean.out)]).toMatchObject([0, { messages: [], counts: { error: 0 } }])
    const warned = await run(`analyze -f - --server ${server.url}`, route('stored', 'nobody'))
    expect([warned.code, warned.out]).toEqual([0, expect.stringContaining('1 resource: 0 errors, 1 warning, 0 info')])
  })

  test.each([
    ['a file that is not there', 'analyze -f nowhere.yaml', 2],
    ['no file', 'analyze', 2],
    ['a server that is not there', 'analyze -f - --server http://127.0.0.1:1', 3],
  ])('%s', async (_, line, expected) => {
    expect((await run(line, service('a'))).code).toBe(expected)
  })
})

describe('POST /v1/analyze', () => {
  test('takes YAML with its lines, and a namespace for resources without one', async () => {
    const response = await fetch(`${server.url}/v1/analyze?namespace=prod`, {
      method: 'POST',
      headers: { 'content-type': 'application/yaml' },
      body: route('a', 'reviews'),
    })
    expect(await response.json()).toMatchObject({
      counts: { error: 0, warning: 1, info: 0 },
      messages: [{ code: 'WEFT0201', resource: { kind: 'VirtualService', namespace: 'prod', name: 'a' }, line: 5 }],
    })
  })

  test('refuses what cannot be read, and no body', async () => {
    const send = (body: string): Promise<Response> =>
      fetch(`${server.url}/v1/analyze`, { method: 'POST', headers: { 'content-type': 'application/yaml' }, body })
    expect((await send('a: [')).status).toBe(400)
    expect((await send('')).status).toBe(400)
  })
})
