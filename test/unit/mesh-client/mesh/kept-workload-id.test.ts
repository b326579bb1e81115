import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  isProcessRunning,
  keptWorkloadId,
  type ProcessMark,
} from '../../../../packages/mesh-client/src/mesh/kept-workload-id.ts'

const ID = 'web-0123456789ab'
const SELF: ProcessMark = { pid: 20, startedAt: 5_000_000 }

let directory: string

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'weft-kept-'))
})

afterEach(() => rmSync(directory, { recursive: true }))

function write(holder: unknown): void {
  writeFileSync(file(), JSON.stringify({ holder }), { mode: 0o600 })
}

const file = (): string => path.join(directory, 'identity.json')

function replace(by: () => unknown): void {
  rmSync(file())
  by()
}

describe('a process goes on as the workload', () => {
  test.each<[string, object, boolean, string | undefined]>([
    ['of one that is gone', { pid: 7, startedAt: 1_000 }, false, ID],
    ['of one that had its own number, as in a container', { pid: 20, startedAt: 1_000 }, true, ID],
    ['but not of one that runs', { pid: 7, startedAt: 1_000 }, true, undefined],
    ['nor of another mesh within itself', { pid: 20, startedAt: 5_000_400 }, true, undefined],
  ])('%s', (_which, mark, runs, expected) => {
    write({ workloadId: ID, ...mark })
    expect(keptWorkloadId(directory, 'web-', SELF, () => runs)).toBe(expected)
  })

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a text', 'web'],
    ['another service', { workloadId: 'reviews-0123456789ab', pid: 7, startedAt: 1 }],
    ['what is no id', { workloadId: 'web-../../etc', pid: 7, startedAt: 1 }],
    ['a number', { workloadId: 7, pid: 7, startedAt: 1 }],
  ])('not where there is %s', (_what, holder) => {
    write(holder)
    expect(keptWorkloadId(directory, 'web-', SELF, () => false)).toBeUndefined()
  })

  test.each<[string, () => void]>([
    ['a file that others can read', () => chmodSync(file(), 0o644)],
    ['a directory that others can write into', () => chmodSync(directory, 0o770)],
    ['a link', () => replace(() => symlinkSync(path.join(directory, 'other'), file()))],
    ['a pipe, for which nobody waits', () => replace(() => execFileSync('mkfifo', ['-m', '600', file()]))],
  ])('not where there is %s', (_what, change) => {
    write({ workloadId: ID, pid: 7, startedAt: 1_000 })
    copyFileSync(file(), path.join(directory, 'other'))
    change()
    expect(keptWorkloadId(directory, 'web-', SELF, () => false)).toBeUndefined()
  })

  test('not where there is no directory', () => {
    expect(keptWorkloadId(path.join(directory, 'none'), 'web-', SELF, () => false)).toBeUndefined()
  })
})

test('a process that runs is known from one that does not', () => {
  expect(isProcessRunning(process.pid)).toBe(true)
  expect(isProcessRunning(2 ** 22 + 1)).toBe(false)
})
