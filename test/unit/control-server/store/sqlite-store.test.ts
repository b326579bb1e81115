import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemTurn } from '../../../../packages/control-server/src/kernel/turn.ts'
import { StoreEngine } from '../../../../packages/control-server/src/store/engine.ts'
import { SqliteBackend } from '../../../../packages/control-server/src/store/sqlite-backend.ts'
import { loadSqlite } from '../../../../packages/control-server/src/store/sqlite-module.ts'
import { prepareDatabase } from '../../../../packages/control-server/src/store/sqlite-schema.ts'
import { openSqliteStore } from '../../../../packages/control-server/src/store/sqlite-store.ts'
import type { Store } from '../../../../packages/control-server/src/store/store.ts'
import { tempFolder } from '../../../support/control-stores.ts'
import { fakeClock } from '../../../support/fake-clock.ts'

const TTL = 15_000
const WRITER = path.join(import.meta.dirname, 'sqlite-writer.ts')

let folder: ReturnType<typeof tempFolder>
let dataDir: string
const opened: Store[] = []

beforeEach(() => {
  folder = tempFolder()
  dataDir = path.join(folder.path, 'made/data')
})
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
  folder.remove()
})

function open(time = fakeClock()): Store {
  const engine = { clock: time.clock, timers: time.timers, turn: systemTurn }
  const store = openSqliteStore({ ...engine, dataDir, makeEpoch: () => `epoch ${opened.length}` })
  opened.push(store)
  return store
}

const refusal = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) })

test('makes its directory for this user only', () => {
  open()
  expect(statSync(dataDir).mode & 0o777).toBe(0o700)
})

test('its files are for their owner alone, also in a directory that others made', async () => {
  mkdirSync(dataDir, { recursive: true, mode: 0o755 })
  await open().commit([], [{ type: 'put', key: '/a', value: '1' }])
  for (const name of ['weft.db', 'weft.db-wal']) {
    expect([name, statSync(path.join(dataDir, name)).mode & 0o777]).toEqual([name, 0o600])
  }
})

test('keeps entries, revision and epoch across a restart', async () => {
  const first = open()
  await first.commit([], [{ type: 'put', key: '/a', value: '1' }])
  await first.commit([], [{ type: 'put', key: '/b', value: '1' }])
  const before = await first.list('')
  await first.close()
  const second = open()
  expect([await second.list(''), second.epoch]).toEqual([before, first.epoch])
  expect(await second.commit([], [{ type: 'put', key: '/c', value: '1' }])).toEqual({ ok: true, revision: 3 })
})

test('after a start nothing expires for twice its time to live', async () => {
  const first = open()
  await first.grantLease('w', TTL)
  await first.commit([], [{ type: 'put', key: '/w', value: 'x', leaseId: 'w' }])
  await first.close()
  const time = fakeClock()
  const second = open(time)
  const step = async (ms: number): Promise<number> => {
    for (let left = ms; left > 0; left -= 1_000) {
      await time.advance(Math.min(left, 1_000))
      for (let i = 0; i < 3; i++) await turn()
    }
    return (await second.list('')).entries.length
  }
  expect(await step(TTL * 2 - 100)).toBe(1)
  expect(await step(1_100)).toBe(0)
})

test('a directory is one server at a time', async () => {
  const first = open()
  expect(open).toThrow(refusal('WEFT_STORE_IN_USE', /made\/data is in use by another control server: stop that one/))
  await first.close()
  expect(await open().revision()).toBe(0)
})

describe('refuses a file that it cannot trust, and leaves it as it is:', () => {
  const file = (): string => path.join(dataDir, 'weft.db')

  async function fill(): Promise<void> {
    const store = open()
    const puts = Array.from({ length: 200 }, (_, i) => ({ type: 'put', key: `/${i}`, value: 'x'.repeat(500) }) as const)
    await store.commit([], puts)
    await store.close()
  }

  test.each<[string, string, RegExp, () => Promise<void> | void]>([
    ['not a database', 'WEFT_STORE_CORRUPT', /weft\.db is damaged or no database/, () => garbage()],
    [
      'cut short',
      'WEFT_STORE_CORRUPT',
      /restore it from a backup/,
      () => fill().then(() => truncateSync(file(), 20_000)),
    ],
    ['overwritten inside', 'WEFT_STORE_CORRUPT', /move it away to start empty/, () => fill().then(() => overwrite())],
    ['a database of someone else', 'WEFT_STORE_CORRUPT', /not one of Weft/, () => sql('CREATE TABLE t (x)')],
    [
      'written by a later Weft',
      'WEFT_STORE_TOO_NEW',
      /schema 99/,
      () => fill().then(() => sql('PRAGMA user_version = 99')),
    ],
  ])('%s', async (_what, code, message, prepare) => {
    await prepare()
    const before = readFileSync(file())
    expect(open).toThrow(refusal(code, message))
    expect(readFileSync(file()).equals(before)).toBe(true)
  })

  function garbage(): void {
    mkdirSync(dataDir, { recursive: true })
    writeFileSync(file(), 'this is no database '.repeat(100))
  }

  function overwrite(): void {
    const content = readFileSync(file())
    writeFileSync(file(), content.fill(0xa5, 8_192, content.length - 8_192))
  }

  function sql(statement: string): void {
    mkdirSync(dataDir, { recursive: true })
    const db = new (loadSqlite().DatabaseSync)(file())
    db.exec(statement)
    db.close()
  }
})

test('a path that is no directory is said to be none', () => {
  mkdirSync(path.dirname(dataDir), { recursive: true })
  writeFileSync(dataDir, '')
  expect(open).toThrow(refusal('WEFT_STORE_UNAVAILABLE', /made\/data cannot be used/))
})

test('a kill at any moment loses no acknowledged write and no half of one', { timeout: 60_000 }, async () => {
  const acknowledged = new Map<string, number>()
  for (let round = 0; round < 6; round++) {
    const child = spawn(process.execPath, [
      '--no-warnings',
      '--conditions=@weft/source',
      WRITER,
      dataDir,
      String(round),
    ])
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    await once(child.stdout, 'data')
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 150))
    child.kill('SIGKILL')
    await once(child, 'close')
    for (const line of output.split('\n').slice(0, -1)) {
      const [key = '', revision] = line.split(' ')
      acknowledged.set(key, Number(revision))
    }
    const store = open()
    const { revision, entries } = await store.list('')
    const stored = new Map(entries.map((entry) => [entry.key, entry.modRevision]))
    for (const [key, at] of acknowledged) expect([key, stored.get(key)]).toEqual([key, at])
    for (const [key, at] of stored) if (!key.endsWith('/twin')) expect(stored.get(`${key}/twin`)).toBe(at)
    expect(Math.max(...stored.values())).toBe(revision)
    await store.close()
  }
  expect(acknowledged.size).toBeGreaterThan(50)
})

test('a full disk refuses what does not fit, keeps what was acknowledged and takes what fits', async () => {
  mkdirSync(dataDir, { recursive: true })
  const file = path.join(dataDir, 'weft.db')
  const db = new (loadSqlite().DatabaseSync)(file)
  prepareDatabase(db, file, () => 'epoch')
  db.exec('PRAGMA max_page_count = 40')
  const { clock, timers } = fakeClock()
  const store = new StoreEngine(new SqliteBackend(db, file), { clock, timers, turn: systemTurn })
  opened.push(store)
  const put = (key: string, value: string) => store.commit([], [{ type: 'put', key, value }])
  await put('/kept', 'x')
  const refused = expect(put('/large', 'x'.repeat(1_000_000))).rejects
  await refused.toEqual(refusal('WEFT_STORE_UNAVAILABLE', /cannot be used \(.*full\): .* the disk has room/))
  expect(await put('/small', 'x')).toEqual({ ok: true, revision: 2 })
  expect((await store.list('')).entries.map(({ key }) => key)).toEqual(['/kept', '/small'])
})
