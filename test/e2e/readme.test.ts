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
async function weft(line: string): Promise<string> {
  expect(commands).toContain(line)
  const run = start(WEFT, line.split(/\s+/).slice(2))
  expect([await run.exited, run.output()]).toEqual([0, expect.any(String)])
  return run.output()
}

async function call(): Promise<Record<string, number>> {
  const caller = start(path.join(folder, 'caller.ts'))
  expect([await caller.exited, caller.output()]).toEqual([0, expect.any(String)])
  return JSON.parse(caller.output().split('\n').at(-1) as string)
}

beforeAll(async () => {
  for (const { file, text } of snippets) if (file !== undefined) writeFileSync(path.join(folder, file), text)
  writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}')
  mkdirSync(path.join(folder, 'node_modules'))
  symlinkSync(path.join(ROOT, 'node_modules/@weft'), path.join(folder, 'node_modules/@weft'))
  expect(commands).toContain('npx weft server')
  const server = start(WEFT, ['server', '--listen', '127.0.0.1:0'])
  control = (await server.until(/weft listening on (\S+)/))[1] as string
})

afterAll(async () => {
  for (const started of processes.reverse()) await started.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('what the README shows works as it is written there', { timeout: 60_000 }, async () => {
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

test('every script the README names is there', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { scripts: object }
  const named = [...readme.matchAll(/npx pnpm@12 (\w+)/g)].map(([, name]) => name as string)
  expect(named.length).toBeGreaterThan(0)
  // `exec` is pnpm's own.
  expect(named.filter((name) => name !== 'exec' && !(name in scripts))).toEqual([])
})
