import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type ControlServer, startControlServer } from '../../packages/control-server/src/server.ts'
import { call, startServerProcess, WEFT } from '../support/control-server.ts'
import { tempFolder } from '../support/control-stores.ts'
import { type CliRun, weft } from '../support/fake-terminal.ts'

const folder = tempFolder()
const files = path.join(folder.path, 'files')
let server: ControlServer

const rule = (name: string, host = name): string =>
  `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: { name: ${name} }\nspec: { host: ${host} }\n`
const GATEWAY = 'apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: { name: g }\nspec: {}\n'

function file(name: string, text: string): string {
  const at = path.join(files, name)
  mkdirSync(path.dirname(at), { recursive: true })
  writeFileSync(at, text)
  return at
}

const run = (line: string, stdin?: string): Promise<CliRun> =>
  weft(line.split(' '), { env: { WEFT_CONTROL: server.url }, ...(stdin === undefined ? {} : { stdin }) })

beforeAll(async () => {
  server = await startControlServer({ listen: '127.0.0.1:0', store: 'memory' })
})
afterAll(async () => {
  await server.close()
  folder.remove()
})

describe('apply', () => {
  test('stores files, folders and stdin, and prints what became of each', async () => {
    const one = file('one.yaml', `${rule('one')}---\n${rule('two')}`)
    file('dir/b.yml', rule('b'))
    file('dir/a.json', JSON.stringify(parse(rule('a'))))
    file('dir/readme.txt', 'not a resource')
    const first = await run(`apply -f ${one} ${path.join(files, 'dir')} -f -`, rule('stdin'))
    expect([first.code, first.out.split('\n').map((line) => line.replaceAll(/ +/g, ' '))]).toEqual([
      0,
      [
        'KIND NAMESPACE NAME ACTION',
        ...['one', 'two', 'a', 'b', 'stdin'].map((name) => `DestinationRule default ${name} created`),
      ],
    ])
    expect(first.err).toContain(`warning: DestinationRule default/one: spec.host: no service one.default`)
    const again = await run(`apply -f ${one} --wait 1s -n default -o json`)
    const answer = JSON.parse(again.out)
    expect(answer).toMatchObject({ results: [{ action: 'unchanged' }, { action: 'unchanged' }], acked: 0, pending: 0 })
  })

  test('a dry run stores nothing, a namespace is where resources go that name none', async () => {
    expect((await run('apply --dry-run -n prod -f -', rule('dry'))).out).toMatch(/prod +dry +created \(dry run\)/)
    expect((await run('get dr dry -n prod')).code).toBe(1)
    await run('apply -n prod -f -', rule('dry'))
    expect((await run('get dr dry -n prod')).code).toBe(0)
  })

  test('a refusal names file, document, resource and field, and stores nothing', async () => {
    const bad = file('bad.yaml', `${rule('fine')}---\n${rule('wrong', '""')}---\n${GATEWAY}`)
    const { code, out, err } = await run(`apply -f ${bad}`)
    expect([code, out]).toEqual([1, ''])
    const lines = err.split('\n')
    expect(lines[0]).toBe('weft: refused, and nothing is stored:')
    expect(lines[1]).toMatch(/^ {2}\S+bad\.yaml \(document 2, line 6\): DestinationRule wrong: spec\.host: /)
    expect(lines[2]).toMatch(/^ {2}\S+bad\.yaml \(document 3, line 11\): Gateway g: kind: "Gateway" is not a kind/)
    expect(lines[3]).toMatch(/^--skip-unknown stores the rest/)
    expect((await run('get dr fine')).code).toBe(1)
    const alone = await run('apply -f -', rule('wrong', '""'))
    expect(alone.err).toMatch(/\n {2}stdin: spec\.host: [^\n]+$/)
    const elsewhere = await run('apply -f - -n A/B', rule('fine'))
    expect(elsewhere.err).toBe('weft: The query is refused: namespace: must be a DNS label')
  })

  test('--skip-unknown leaves out other kinds and says which', async () => {
    const { code, err } = await run('apply --skip-unknown -f -', `${rule('kept')}---\n${GATEWAY}`)
    expect([code, err]).toEqual([
      0,
      expect.stringMatching(/warning: Gateway g \(stdin \(document 2, line 6\)\) is skipped/),
    ])
    expect((await run('get dr kept')).code).toBe(0)
  })

  test.each<[string, string, string | undefined, RegExp]>([
    ['a file that is not there', 'apply -f /nowhere/x.yaml', undefined, /\/nowhere\/x\.yaml cannot be read: ENOENT/],
    ['a folder without resources', `apply -f ${folder.path}`, undefined, /has no \.yaml, \.yml, \.json file/],
    ['YAML that is none', 'apply -f -', 'kind: [', /^weft: stdin: is not YAML: line \d/],
    ['nothing', 'apply -f -', '', /stdin: there is no resource in it/],
    ['no file', 'apply', undefined, /required option '-f, --filename/],
    ['a wait that is no duration', 'apply -f - --wait soon', 'a: 1', /such as 5s/],
    ['a wait that is too long', 'apply -f - --wait 2m', 'a: 1', /Write a duration of at most 1m/],
    ['a server that is no URL', 'apply -f - --server here', 'a: 1', /here is not an http:\/\/ or https:\/\/ URL/],
    ['a format that is none', 'get dr -o xml', undefined, /Allowed choices are table, json, yaml/],
    [
      'a kind that is none',
      'get gateways',
      undefined,
      /gateways is not a kind of resource; there are services \(svc\)/,
    ],
    ['a weight that is none', 'canary set x --subset v2 --weight 101', undefined, /whole number from 0 to 100/],
    ['a match that is no JSON', 'canary set x --subset v2 --weight 1 --match x', undefined, /must be JSON/],
    ['a command that is none', 'deploy', undefined, /unknown command 'deploy'/],
    ['a log level that is none', 'server --log-level loud', undefined, /--log-level must be one of/],
  ])('%s is wrong usage', async (_what, line, stdin, says) => {
    const { code, err } = await run(line, stdin)
    expect([code, err]).toEqual([2, expect.stringMatching(says)])
  })
})

test('get shows a kind or one resource, as table, JSON or YAML, by any of its names', async () => {
  await run('apply -f -', rule('shown', 'shown.example.com'))
  for (const kind of ['dr', 'destinationrule', 'DestinationRules', 'destinationrules.networking.istio.io']) {
    expect((await run(`get ${kind} shown`)).out).toMatch(
      /^NAMESPACE +NAME +ABOUT.*\ndefault +shown +shown\.example\.com +1 /,
    )
  }
  expect(JSON.parse((await run('get dr -A -o json')).out)).toMatchObject({ kind: 'DestinationRuleList' })
  expect(parse((await run('get dr shown -o yaml')).out)).toMatchObject({ spec: { host: 'shown.example.com' } })
  const again = await run('apply -f -', (await run('get dr shown -o yaml')).out)
  expect(again.out).toMatch(/shown +unchanged/)
})

test('get shows what routes attach to, and what has become of one', async () => {
  const ofService = (name: string, port: number): object => ({ group: '', kind: 'Service', name, port })
  const spec = { parentRefs: [ofService('a', 50_051), { ...ofService('b', 1), port: undefined }] }
  const route = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GRPCRoute', metadata: { name: 'calls' }, spec }
  await run('apply -f -', JSON.stringify(route))
  expect((await run('get grpcroutes')).out).toMatch(/\ndefault +calls +a:50051,b +1 /)
  const { status } = JSON.parse((await run('get grpcroute calls -o json')).out)
  expect(status.parents[0].conditions[0]).toMatchObject({ type: 'Accepted', reason: 'NoMatchingParent' })
  const analyzed = await run('analyze -f -', JSON.stringify(route))
  expect([analyzed.code, analyzed.out]).toEqual([
    0,
    expect.stringContaining('WEFT0102 GRPCRoute default/calls: spec.rules'),
  ])
})

test('delete deletes, once', async () => {
  await run('apply -f -', rule('gone'))
  expect((await run('delete dr gone --dry-run')).out).toBe('DestinationRule default/gone would be deleted')
  const first = await run('delete dr gone --wait 1s')
  expect([first.code, first.out]).toEqual([0, expect.stringMatching(/gone deleted\nclients: 0 have it in force/)])
  const second = await run('delete dr gone')
  expect([second.code, second.err]).toEqual([1, 'weft: DestinationRule default/gone does not exist.'])
})

test('services and clients show the mesh', async () => {
  await call(`${server.url}/v1/workloads/w`, 'PUT', {
    service: 'shop',
    namespace: 'default',
    address: '127.0.0.1',
    ports: [{ name: 'http', servicePort: 80, port: 80, listenPort: 4_000, protocol: 'http' }],
    labels: { version: 'v1' },
    serviceAccount: 'default',
    locality: '',
    weight: 1,
  })
  expect((await run('services')).out).toMatch(/^default +shop +80\/http +1 /m)
  expect((await run('services shop')).out).toMatch(/^127\.0\.0\.1:4000 +HEALTHY +shop\S* +version=v1$/m)
  expect(JSON.parse((await run('services shop -o json')).out).endpoints).toHaveLength(1)
  expect(await run('services none')).toMatchObject({ code: 1, err: expect.stringMatching(/There is no service none/) })
  expect((await run('clients')).out).toMatch(/^CLIENT +NAMESPACE +SERVICE/)
})

test('canary sets, shows, promotes and rolls back', async () => {
  for (const version of ['v1', 'v2']) {
    await call(`${server.url}/v1/workloads/canary-${version}`, 'PUT', {
      service: 'cart',
      namespace: 'default',
      address: '127.0.0.1',
      ports: [{ name: 'http', servicePort: 80, port: 80, listenPort: version === 'v1' ? 1 : 2, protocol: 'http' }],
      labels: { version },
      serviceAccount: 'default',
      locality: '',
      weight: 1,
    })
  }
  expect((await run('canary status cart')).out).toBe('no canary')
  const match = '[{"headers":{"x-canary":{"exact":"1"}}}]'
  expect((await run('canary set cart --subset v2 --weight 10 --dry-run')).out).toBe('cart: 10 % to v2 (dry run)')
  const set = await run(`canary set cart --subset v2 --weight 10 --match ${match} --wait 1s`)
  expect([set.code, set.out]).toEqual([0, expect.stringMatching(/^cart: 10 % to v2\nclients: 0 have it in force/)])
  const status = await run('canary status cart')
  expect(status.out.split('\n').map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
    'SUBSET WEIGHT',
    'v1 90',
    'v2 10',
    'canary: 10 % to v2, and what matches a rule',
  ])
  expect(await run('canary promote cart')).toMatchObject({ code: 0, out: 'cart: the canary is promoted' })
  expect((await run('canary status cart -o json')).out).toMatch(/"promoted": true/)
  expect((await run('canary rollback cart')).code).toBe(0)
  expect((await run('canary status cart')).out).toBe('no canary')
  expect(await run('canary rollback cart')).toMatchObject({ code: 1 })
  expect(await run('canary status none')).toMatchObject({ code: 1, err: expect.stringMatching(/no service none/) })
})

test('a server that cannot be reached is said to be that, and the next one is tried', async () => {
  const { code, err } = await run('services --server http://127.0.0.1:9')
  expect([code, err]).toEqual([
    3,
    expect.stringMatching(/cannot reach http:\/\/127\.0\.0\.1:9 \(.+\): start one with "weft server"/),
  ])
  expect((await run(`services --server http://127.0.0.1:9,${server.url}/`)).code).toBe(0)
})

test('a WEFT_CONTROL that is no URL is said to be that, by the commands that need it', async () => {
  const env = { WEFT_CONTROL: 'here' }
  expect(await weft(['services'], { env })).toMatchObject({
    code: 2,
    err: 'weft: WEFT_CONTROL: here is not an http:// or https:// URL.',
  })
  expect(await weft(['services', '--server', server.url], { env })).toMatchObject({ code: 0 })
  expect(await weft(['--help'], { env })).toMatchObject({ code: 0, err: '' })
  expect(await weft(['--version'], { env })).toEqual({
    code: 0,
    err: '',
    out: expect.stringMatching(/^\d+\.\d+\.\d+$/),
  })
})

test.each([200, 502])('a server that is not Weft is said to be that, whether it answers %i', async (status) => {
  const other = createServer((_, response) => response.writeHead(status).end('<html>')).listen(0, '127.0.0.1')
  await new Promise((resolve) => other.once('listening', resolve))
  const { port } = other.address() as AddressInfo
  const { code, err } = await run(`services --server http://127.0.0.1:${port}`)
  expect([code, err]).toEqual([1, expect.stringMatching(`answered ${status} in a form that is not Weft's`)])
  other.close()
})

test('a client that refuses, or does not answer in time, is an error of the command', async () => {
  const counts = { revision: 1, acked: 1, nacked: 0, pending: 0 }
  let answer: object = {}
  const fake = createServer((_, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ results: [], warnings: [], ...answer }))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => fake.once('listening', resolve))
  const { port } = fake.address() as AddressInfo
  for (const [given, code] of [
    [counts, 0],
    [{ ...counts, nacked: 1 }, 1],
    [{ ...counts, pending: 1 }, 1],
  ] as const) {
    answer = given
    expect([(await run(`apply -f - --wait 1s --server http://127.0.0.1:${port}`, rule('x'))).code, given]).toEqual([
      code,
      given,
    ])
  }
  fake.close()
})

test('what a client says does not steer the terminal', async () => {
  const nacked = [{ name: 'Cluster/x', violations: [{ field: 'f', message: 'a\u001b[2Jb\r\u009bc' }] }]
  const text = { id: 'x', namespace: 'default', service: '', version: '', connectedAt: '' }
  const client = { ...text, sent: 1, acked: 0, pending: 0, nacked }
  const fake = createServer((_, response) => response.end(JSON.stringify({ clients: [client] })))
  await new Promise<void>((resolve) => fake.listen(0, '127.0.0.1', resolve))
  const { out } = await run(`clients --server http://127.0.0.1:${(fake.address() as AddressInfo).port}`)
  expect(out.split('\n').at(-1)).toBe('x refuses Cluster/x: f: a?[2Jb??c')
  fake.close()
})

test('every command says how it is used, with the exit codes', async () => {
  for (const command of [
    '',
    'server',
    'apply',
    'get',
    'delete',
    'services',
    'clients',
    'canary',
    'canary set',
    'canary status',
    'canary promote',
    'canary rollback',
  ]) {
    const { code, out } = await run(`${command} --help`.trim())
    expect([code, out]).toEqual([0, expect.stringMatching(/^Usage: weft[\s\S]*Exit codes:/)])
  }
})

describe('weft server', () => {
  test('runs until it is stopped; its first line on stdout says where', async () => {
    let stop: (signal: NodeJS.Signals) => void = () => undefined
    const stopped = new Promise<NodeJS.Signals>((resolve) => {
      stop = resolve
    })
    const dataDir = path.join(folder.path, 'stopped')
    const running = weft(['server', '--listen', '127.0.0.1:0', '--data-dir', dataDir], { stopped })
    setTimeout(() => stop('SIGTERM'), 300)
    const { code, out, err } = await running
    expect([code, out]).toEqual([0, expect.stringMatching(/^weft listening on http:\/\/127\.0\.0\.1:\d+$/)])
    expect(JSON.parse(err.split('\n').at(-1) ?? '')).toMatchObject({ msg: 'stopping', signal: 'SIGTERM' })
  })

  test('says what keeps it from starting', async () => {
    const dataDir = path.join(folder.path, 'taken')
    await using one = await startServerProcess(dataDir)
    const start = (...args: string[]): Promise<CliRun> => weft(['server', ...args])
    const inUse = await start('--listen', '127.0.0.1:0', '--data-dir', dataDir)
    expect([inUse.code, inUse.err]).toEqual([4, expect.stringMatching(/is in use by another control server/)])
    const taken = await start('--listen', new URL(one.url).host, '--data-dir', path.join(folder.path, 'free'))
    expect([taken.code, taken.err]).toEqual([4, expect.stringMatching(/The address is taken/)])
    const open = await start('--listen', '0.0.0.0:0')
    expect([open.code, open.err]).toEqual([
      4,
      expect.stringMatching(/can be reached from other machines[\s\S]*--insecure/),
    ])
    const config = file('config.yaml', 'listen: nonsense\ncolour: red\n')
    const both = await start('--config', config)
    expect([both.code, both.err]).toEqual([
      4,
      expect.stringMatching(/colour: is no option[\s\S]*listen: must be host:port/),
    ])
  })

  test('prints nothing on stderr but its log, on every supported Node', async () => {
    const dataDir = path.join(folder.path, 'quiet')
    const child = spawn(process.execPath, [WEFT, 'server', '--listen', '127.0.0.1:0', '--data-dir', dataDir])
    let err = ''
    child.stderr.on('data', (chunk) => {
      err += chunk
    })
    const [first] = await once(child.stdout, 'data')
    expect(String(first)).toMatch(/^weft listening on http:\S+\n$/)
    child.kill('SIGTERM')
    await once(child, 'close')
    expect(err.split('\n').filter((line) => line !== '' && !line.startsWith('{'))).toEqual([])
  })
})
