import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { WorkloadRegistration } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import {
  createLocalDirectory,
  type LocalDirectory,
} from '../../../../packages/mesh-client/src/discovery/local-directory.ts'

const UID = process.getuid?.() ?? 0
const CONTROL = ['http://a:1', 'http://b:1']
const registration = (service: string): WorkloadRegistration => ({
  service,
  namespace: 'default',
  address: '127.0.0.1',
  ports: [{ name: 'http', servicePort: 80, port: 80, listenPort: 40_001, protocol: 'http' }],
  labels: {},
  serviceAccount: 'default',
  locality: '',
  weight: 1,
})

interface Bench {
  readonly parent: string
  readonly said: string[]
  directory(control?: readonly string[], uid?: number): LocalDirectory
  /** The folder of the mesh, once there is one. */
  folder(): string
}

function bench(): Bench {
  const parent = mkdtempSync(path.join(os.tmpdir(), 'weft-directory-'))
  const said: string[] = []
  const never = (): never => expect.unreachable()
  return {
    parent,
    said,
    directory: (control = CONTROL, uid = UID) =>
      createLocalDirectory({
        control,
        parent,
        uid,
        logger: { info: never, warn: never, error: never, debug: (_, more) => said.push(String(more?.reason)) },
      }),
    folder() {
      const own = path.join(parent, `weft-${UID}`)
      return path.join(own, readdirSync(own)[0] ?? 'none')
    },
  }
}

async function services(directory: LocalDirectory): Promise<readonly string[]> {
  return (await directory.read()).workloads.map(({ service }) => service).toSorted()
}

test('what a process puts is found by others of its mesh until it is removed', async () => {
  const { directory, folder, parent, said } = bench()
  const first = directory()
  await Promise.all([first.put('w1', registration('reviews')), first.put('w2', registration('ratings'))])
  await first.put('w1', registration('details'))
  expect(await services(directory(CONTROL.toReversed()))).toEqual(['details', 'ratings'])
  expect(await services(directory(['http://a:1']))).toEqual([])
  expect(readdirSync(folder()).toSorted()).toEqual(['w1.json', 'w2.json'])
  expect(statSync(folder()).mode & 0o777).toBe(0o700)
  expect(statSync(path.join(folder(), 'w1.json')).mode & 0o777).toBe(0o600)
  await first.remove('w1')
  expect(await services(first)).toEqual(['ratings'])
  await first.remove('w2')
  await first.remove('w2')
  expect(await services(first)).toEqual([])
  expect(readdirSync(path.join(parent, `weft-${UID}`))).toEqual([])
  expect(said).toEqual([])
})

test('reading makes nothing', async () => {
  const { directory, parent, said } = bench()
  expect(await services(directory())).toEqual([])
  expect(readdirSync(parent)).toEqual([])
  expect(said).toEqual([])
})

describe('what is found beside', () => {
  async function beside(name: string, entry: object | string): Promise<{ found: readonly string[]; file: string }> {
    const { directory, folder } = bench()
    const mine = directory()
    await mine.put('w1', registration('reviews'))
    const file = path.join(folder(), name)
    writeFileSync(file, typeof entry === 'string' ? entry : JSON.stringify(entry))
    return { found: await services(mine), file }
  }
  const ended = (): number => spawnSync(process.execPath, ['-e', '']).pid

  test('of a process that runs counts', async () => {
    const entry = { pid: process.pid, registration: registration('ratings') }
    expect((await beside('w2.json', entry)).found).toEqual(['ratings', 'reviews'])
  })
  test('of a process that has ended does not and is taken away', async () => {
    const { found, file } = await beside('w2.json', { pid: ended(), registration: registration('ratings') })
    expect(found).toEqual(['reviews'])
    expect(existsSync(file)).toBe(false)
  })
  test.runIf(existsSync('/proc/self/stat'))('of a process whose pid another has now is the same', async () => {
    const entry = { pid: process.pid, started: '1', registration: registration('ratings') }
    const { found, file } = await beside('w2.json', entry)
    expect(found).toEqual(['reviews'])
    expect(existsSync(file)).toBe(false)
  })
  test.each([
    ['truncated', 'w2.json', '{"pid":1,"regis'],
    ['half written', 'w2.tmp', JSON.stringify({ pid: process.pid, registration: registration('ratings') })],
  ])('%s is left alone', async (_what, name, text) => {
    const { found, file } = await beside(name, text)
    expect(found).toEqual(['reviews'])
    expect(readFileSync(file, 'utf8')).toBe(text)
  })
})

test('files of a service that keeps crashing are taken away by its next start', async () => {
  const { directory, folder } = bench()
  await directory().put('w1', registration('reviews'))
  const entry = readFileSync(path.join(folder(), 'w1.json'), 'utf8')
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  writeFileSync(path.join(folder(), 'w0.json'), entry.replace(/"pid":\d+/, `"pid":${pid}`))
  await directory().put('w2', registration('reviews'))
  expect(readdirSync(folder()).toSorted()).toEqual(['w1.json', 'w2.json'])
})

describe('a folder that cannot be trusted is not used, which is told once', () => {
  const cases: readonly {
    readonly what: string
    readonly reason: string
    readonly prepare: (own: string) => void
    readonly uid?: number
  }[] = [
    { what: 'of somebody else', reason: 'belongs to user', prepare: (own) => mkdirSync(own), uid: UID + 1 },
    { what: 'that everybody can write', reason: 'can write', prepare: (own) => open(own, 0o777) },
    { what: 'that a group can write', reason: 'can write', prepare: (own) => open(own, 0o770) },
    {
      what: 'that is a link',
      reason: 'no directory',
      prepare: (own) => symlinkSync(mkdtempSync(path.join(os.tmpdir(), 'weft-link-')), own),
    },
    { what: 'that is a file', reason: 'no directory', prepare: (own) => writeFileSync(own, '') },
  ]
  const open = (own: string, mode: number): void => {
    mkdirSync(own)
    chmodSync(own, mode)
  }
  test.each(cases)('$what', async ({ reason, prepare, uid = UID }) => {
    const { directory, parent, said } = bench()
    const own = path.join(parent, `weft-${uid}`)
    prepare(own)
    const distrustful = directory(CONTROL, uid)
    await distrustful.put('w1', registration('reviews'))
    await distrustful.remove('w1')
    expect(await services(distrustful)).toEqual([])
    expect(said).toEqual([expect.stringContaining(reason)])
    expect(statSync(own).isDirectory() ? readdirSync(own) : []).toEqual([])
  })

  test('and neither is the folder of the mesh in it', async () => {
    const { directory, folder, said } = bench()
    await directory().put('w1', registration('reviews'))
    chmodSync(folder(), 0o777)
    expect(await services(directory())).toEqual([])
    expect(said).toEqual([expect.stringContaining('can write')])
  })
})

test('a parent that does not exist fails nothing', async () => {
  const { directory, parent, said } = bench()
  const nowhere = createLocalDirectory({
    control: CONTROL,
    parent: path.join(parent, 'a', 'b'),
    uid: UID,
    logger: console,
  })
  await nowhere.put('w1', registration('reviews'))
  expect(await services(nowhere)).toEqual([])
  expect(await services(directory())).toEqual([])
  expect(said).toEqual([])
})
