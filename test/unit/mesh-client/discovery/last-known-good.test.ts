import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Resource } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import {
  createLastKnownGood,
  type LastKnownGood,
} from '../../../../packages/mesh-client/src/discovery/last-known-good.ts'
import { type FakeClock, fakeClock } from '../../../support/fake-clock.ts'
import { assignment, cluster, routes } from './resources.ts'

const MANY = Array.from({ length: 1_001 }, (_, index) => `10.0.${index >> 8}.${index & 255}:80`)
const resources: readonly Resource[] = [cluster('c', 'c1'), assignment('c', 'a1', MANY), routes('reviews', 'r1', ['c'])]

interface Bench {
  readonly kept: LastKnownGood
  readonly time: FakeClock
  readonly warnings: string[]
  readonly file: string
}

function bench(
  stateDir = path.join(mkdtempSync(path.join(os.tmpdir(), 'weft-lkg-')), 'state'),
  service = 'caller',
): Bench {
  const time = fakeClock()
  const warnings: string[] = []
  const quiet = (): void => undefined
  const kept = createLastKnownGood({
    stateDir,
    service,
    namespace: 'default',
    clock: time.clock,
    timers: time.timers,
    current: () => ({ subscriptions: ['reviews'], resources }),
    logger: { debug: quiet, info: quiet, error: quiet, warn: (text, more) => warnings.push(`${text} ${more?.reason}`) },
  })
  return { kept, time, warnings, file: path.join(stateDir, `default.${service === '' ? '_' : service}.json`) }
}

test('what was written is read again, by the same service only', async () => {
  const first = bench()
  first.kept.changed()
  await first.kept.close()
  const stateDir = path.dirname(first.file)
  expect(await bench(stateDir).kept.load()).toEqual({ subscriptions: ['reviews'], resources })
  expect(await bench(stateDir, '').kept.load()).toBeUndefined()
  expect(readdirSync(stateDir)).toEqual(['default.caller.json'])
  expect(statSync(first.file).mode & 0o777).toBe(0o600)
})

test('nothing kept is nothing, silently', async () => {
  const { kept, warnings } = bench()
  expect(await kept.load()).toBeUndefined()
  expect(warnings).toEqual([])
})

describe('a file that cannot be used is told, put aside and no obstacle', () => {
  const valid = JSON.stringify({ format: 1, subscriptions: [], resources })
  const cases: readonly (readonly [string, string, string])[] = [
    ['truncated', valid.slice(0, valid.length / 2), 'truncated'],
    ['empty', '', 'truncated'],
    ['of another format', JSON.stringify({ format: 2, subscriptions: [], resources }), 'its format is 2'],
    ['null', 'null', 'its format is undefined'],
    ['without resources', JSON.stringify({ format: 1, subscriptions: [] }), 'resources are missing'],
  ]
  test.each(cases)('%s', async (_what, text, reason) => {
    const stateDir = mkdtempSync(path.join(os.tmpdir(), 'weft-lkg-'))
    const { kept, warnings, file } = bench(stateDir)
    writeFileSync(file, text)
    expect(await kept.load()).toBeUndefined()
    expect(warnings).toEqual([expect.stringContaining(reason)])
    expect(readFileSync(`${file}.corrupt`, 'utf8')).toBe(text)
    kept.changed()
    await kept.close()
    expect((await bench(stateDir).kept.load())?.resources.length).toBe(resources.length)
  })
})

test('changes are written in the background, together', async () => {
  const { kept, time, file } = bench()
  for (let change = 0; change < 100; change++) kept.changed()
  expect(time.pendingTimers).toBe(1)
  await time.advance(200)
  await expect.poll(() => readdirSync(path.dirname(file))).toEqual(['default.caller.json'])
  expect(time.pendingTimers).toBe(0)
})

test('a directory that cannot be written is told once and fails nothing', async () => {
  const blocked = path.join(mkdtempSync(path.join(os.tmpdir(), 'weft-lkg-')), 'file')
  writeFileSync(blocked, '')
  const { kept, time, warnings } = bench(blocked)
  kept.changed()
  await time.advance(200)
  await expect.poll(() => warnings.length).toBe(1)
  kept.changed()
  await kept.close()
  expect(warnings).toEqual([expect.stringMatching(/cannot be written.*(EEXIST|ENOTDIR)/)])
})
