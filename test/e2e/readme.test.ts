import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { poll } from '../support/poll.ts'
import { startProcess, type TestProcess } from '../support/process.ts'
import { ROOT } from '../support/source-files.ts'

const SNIPPET = /^( *)```(\w+)(?: file=(\S+))?\n([\s\S]*?)^\1```$/gm
const WEFT = path.join(ROOT, 'packages/control-server/bin/weft.js')

const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8')
const snippets = [...readme.matchAll(SNIPPET)].map(([, indent = '', language, file, text = '']) => ({
  language,
  file,
  text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
}))
const commands = snippets.filter(({ language }) => language === 'sh').flatMap(({ text }) => text.trim().split('\n'))

const folder = mkdtempSync(path.join(os.tmpdir(), 'weft-readme-'))
const processes: TestProcess[] = []
let control = ''

function start(file: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): TestProcess {
  const started = startProcess(file, { args, cwd: folder, env: { WEFT_CONTROL: control, ...env } })
  processes.push(started)
  return started
}

/** Runs a `npx weft …` line of the README, from the folder that its files are in. */
async function weft(line: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
  expect(commands).toContain(line)
  const [command = '', file] = line.split(' > ')
  const run = start(WEFT, command.split(/\s+/).slice(2), env)
  expect([await run.exited, run.output()]).toEqual([0, expect.any(String)])
  if (file !== undefined) writeFileSync(path.join(folder, file), run.output())
}

/** Starts the control server as a line of the README says, but for its port. */
async function serve(line: string): Promise<TestProcess> {
  expect(commands).toContain(line)
  const server = start(WEFT, [...line.split(' ').slice(2), '--listen', '127.0.0.1:0'])
  control = (await server.until(/weft listening on (\S+)/))[1] as string
  return server
}

/** What `NAME=value NAME=value node file` of the README sets. */
function variablesOf(line: string): Record<string, string> {
  expect(commands).toContain(line)
  return Object.fromEntries([...line.matchAll(/(WEFT_\w+)=(\S+)/g)].map(([, name, value]) => [name, value]))
}

async function endAll(): Promise<void> {
  for (const started of processes.splice(0).reverse()) await started.stop()
}

async function call(env: Readonly<Record<string, string>> = {}): Promise<Record<string, number>> {
  const caller = start(path.join(folder, 'caller.ts'), [], env)
  expect([await caller.exited, caller.output()]).toEqual([0, expect.any(String)])
  return JSON.parse(caller.output().split('\n').at(-1) as string)
}

beforeAll(() => {
  for (const { file, text } of snippets) if (file !== undefined) writeFileSync(path.join(folder, file), text)
  writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}')
  mkdirSync(path.join(folder, 'node_modules'))
  symlinkSync(path.join(ROOT, 'node_modules/@weft'), path.join(folder, 'node_modules/@weft'))
})

afterAll(async () => {
  await endAll()
  rmSync(folder, { recursive: true, force: true })
})

test('what the README shows works as it is written there', { timeout: 60_000 }, async () => {
  await serve('npx weft server')
  await start(path.join(folder, 'hello.ts')).until(/^listening on http/)
  expect(await call()).toEqual({ 'hello from v1': 200 })

  await start(path.join(folder, 'hello.ts'), [], { WEFT_VERSION: 'v2' }).until(/^listening on http/)
  await poll(async () => {
    const service = await fetch(`${control}/v1/services/default/hello`)
    return ((await service.json()) as { endpoints: unknown[] }).endpoints.length === 2
  }, 'two endpoints of hello')

  await weft('npx weft canary set hello --subset v2 --weight 10 --wait 5s')
  const share = await call()
  expect(share['hello from v1']).toBeGreaterThan(150)
  expect(share['hello from v2']).toBeGreaterThan(2)

  await weft('npx weft canary promote hello --wait 5s')
  expect(await call()).toEqual({ 'hello from v2': 200 })

  await weft('npx weft apply -f hello.yaml')
  expect(await call()).toEqual({ 'hello from v1': 200 })
})

test('and safe, as it says', { timeout: 60_000 }, async () => {
  await endAll()
  await serve('npx weft server --secure')
  const admin = variablesOf('export WEFT_CONTROL=https://127.0.0.1:15800 WEFT_TOKEN_FILE=weft-data/admin-token')
  expect(control).toMatch(/^https:/)
  const asAdmin = { ...admin, WEFT_CONTROL: control }
  await weft('npx weft token create --namespace default --service-account hello > hello.token', asAdmin)
  await weft('npx weft token create --namespace default --service-account caller > caller.token', asAdmin)
  await weft('npx weft apply -f safe.yaml', asAdmin)

  const asHello = variablesOf('WEFT_TOKEN_FILE=hello.token WEFT_SERVICE_ACCOUNT=hello node hello.ts')
  const hello = start(path.join(folder, 'hello.ts'), [], asHello)
  const [, url = ''] = await hello.until(/^listening on (http\S+)/)
  const asCaller = variablesOf('WEFT_TOKEN_FILE=caller.token WEFT_SERVICE_ACCOUNT=caller node caller.ts')
  expect(await call(asCaller)).toEqual({ 'hello from v1': 200 })
  expect(await call(asHello)).toEqual({ 'RBAC: access denied': 200 })
  await expect(fetch(url)).rejects.toThrow('fetch failed')
})

test('every script the README names is there', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { scripts: object }
  const named = [...readme.matchAll(/npx pnpm@12 ([\w-]+)/g)].map(([, name]) => name as string)
  expect(named.length).toBeGreaterThan(0)
  // `exec` is pnpm's own.
  expect(named.filter((name) => name !== 'exec' && !(name in scripts))).toEqual([])
})
