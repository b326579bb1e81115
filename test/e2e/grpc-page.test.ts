import path from 'node:path'
import { type ControlServer, startControlServer } from '@weft/control-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WEFT } from '../support/control-server.ts'
import { pageFolder } from '../support/page-folder.ts'
import { poll } from '../support/poll.ts'
import { startProcess, type TestProcess } from '../support/process.ts'

// What docs/grpc.md shows, as it is written there.
const folder = pageFolder('docs/grpc.md', ['@weft', '@grpc', 'nice-grpc'])
const processes: TestProcess[] = []
let control: ControlServer

function start(file: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): TestProcess {
  const started = startProcess(file, { args, cwd: folder.path, env: { WEFT_CONTROL: control.url, ...env } })
  processes.push(started)
  return started
}

/** What a script of the page prints; it has to end by itself. */
async function run(file: string): Promise<string> {
  const script = start(path.join(folder.path, file))
  expect([await script.exited, script.output()]).toEqual([0, expect.any(String)])
  return script.output()
}

const counts = async (): Promise<Record<string, number>> => JSON.parse(await run('client.js'))

/** A change of policy that nobody has waited for. */
async function eventually(file: string, printed: string | RegExp): Promise<void> {
  await poll(async () => {
    const script = start(path.join(folder.path, file))
    await script.exited
    return typeof printed === 'string' ? script.output() === printed : printed.test(script.output())
  }, `${file} printing ${printed}`)
}

async function serve(version: string): Promise<void> {
  await start(path.join(folder.path, 'server.js'), [], { WEFT_VERSION: version }).until(/^listening on port \d+$/)
}

/** Runs a `npx weft …` line of the page. */
async function weft(line: string): Promise<void> {
  const command = start(WEFT, line.split(/\s+/).slice(2))
  expect([await command.exited, command.output()]).toEqual([0, expect.any(String)])
}

async function weftOfPage(line: string): Promise<void> {
  expect(folder.commands).toContain(line)
  await weft(line)
}

beforeAll(async () => {
  control = await startControlServer({ listen: '127.0.0.1:0', store: 'memory' })
})

afterAll(async () => {
  for (const started of processes.reverse()) await started.stop()
  await control?.close()
  folder[Symbol.dispose]()
})

test('what docs/grpc.md shows works as it is written there', { timeout: 90_000 }, async () => {
  await serve('v1')
  expect(await counts()).toEqual({ 'hello you, by v1': 200 })
  expect(await run('nice.js')).toBe('hello nice, by v1')

  await serve('v2')
  await poll(async () => {
    const service = await fetch(`${control.url}/v1/services/default/greeter`)
    return ((await service.json()) as { endpoints: unknown[] }).endpoints.length === 2
  }, 'two endpoints of greeter')
  await weftOfPage('npx weft canary set greeter --subset v2 --weight 10 --wait 5s')
  const share = await counts()
  expect(share['hello you, by v1']).toBeGreaterThan(150)
  expect(share['hello you, by v2']).toBeGreaterThan(2)
  await weftOfPage('npx weft canary promote greeter --wait 5s')
  expect(await counts()).toEqual({ 'hello you, by v2': 200 })

  await weftOfPage('npx weft apply -f testers.yaml')
  await eventually('nice.js', 'hello nice, by v2')
  expect(await counts()).toEqual({ 'hello you, by v1': 200 })

  await weftOfPage('npx weft delete virtualservice greeter')
  await weftOfPage('npx weft apply -f route.yaml')
  await eventually('nice.js', 'hello nice, by v2')
  expect(await counts()).toEqual({ 'hello you, by v1': 200 })

  // Without identities everybody is anybody else.
  await weft('npx weft apply -f callers.yaml')
  await eventually('nice.js', /PERMISSION_DENIED: RBAC: access denied/)
})

test('all that the page shows as a file was used', () => {
  expect(folder.files.toSorted()).toEqual(
    ['callers.yaml', 'client.js', 'greeter.proto', 'nice.js', 'route.yaml', 'server.js', 'testers.yaml'].toSorted(),
  )
})
