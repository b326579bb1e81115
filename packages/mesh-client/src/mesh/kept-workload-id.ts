import { closeSync, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { checkOwnDirectory, checkOwnFile, READ_FLAGS } from '../identity/guarded-files.ts'
import { IDENTITY_FILE, type IdentityHolder, MAX_IDENTITY_BYTES } from '../identity/identity-directory.ts'
import type { Clock } from '../kernel/clock.ts'

/** A process, for telling it from a later one with the same number. */
export interface ProcessMark {
  readonly pid: number
  /** When it started, in milliseconds since 1970. */
  readonly startedAt: number
}

/** Two looks at one start differ by less than this. */
const SAME_START_MS = 1_000

/**
 * The workload id of the process before this one, which left its identity in the directory: by it a join token knows who has joined
 * already, also when it is used up or its time is over. `undefined` where there is none, where it is of another service, and
 * while that process runs, as two with one id would take each other's registration away. What others can get at is not looked at.
 */
export function keptWorkloadId(
  directory: string,
  prefix: string,
  self: ProcessMark,
  isRunning: (pid: number) => boolean,
): string | undefined {
  try {
    const text = readOwn(directory, process.getuid?.())
    const { workloadId, pid, startedAt } = (JSON.parse(text) as { holder: IdentityHolder }).holder
    if (!WORKLOAD_ID.test(workloadId) || !workloadId.startsWith(prefix)) return undefined
    const isSelf = pid === self.pid
    const lives = isSelf ? Math.abs(startedAt - self.startedAt) < SAME_START_MS : isRunning(pid)
    return lives ? undefined : workloadId
  } catch {
    // None yet, or none that can be used: the directory tells when it is read.
    return undefined
  }
}

/** Throws whatever is the matter. */
function readOwn(directory: string, uid: number | undefined): string {
  checkOwnDirectory(directory, lstatSync(directory), uid)
  const name = path.join(directory, IDENTITY_FILE)
  const file = openSync(name, READ_FLAGS)
  try {
    checkOwnFile(name, fstatSync(file), uid, MAX_IDENTITY_BYTES)
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

const WORKLOAD_ID = /^[a-z0-9-]{1,63}-[0-9a-f]{12}$/

export function thisProcess(clock: Clock): ProcessMark {
  return { pid: process.pid, startedAt: Math.round(clock.wallNow() - process.uptime() * 1_000) }
}

/** Whether there is a process of this number on this machine, of whatever user. */
export function isProcessRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
