import { createHash } from 'node:crypto'
import { lstat, mkdir, readdir, readFile, readlink, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { WorkloadRegistration } from '@weft/mesh-protocol'
import type { Logger } from '../kernel/logger.ts'
import { type LocalEntry, type LocalPeers, NO_LOCAL_PEERS, parseLocalEntry } from './local-peers.ts'

/**
 * The workloads of one user and one mesh that run on this host, a file each. What goes wrong with it is told to the log and
 * stops nothing: no method rejects.
 */
export interface LocalDirectory {
  /** This process is the workload. */
  put(id: string, registration: WorkloadRegistration): Promise<void>
  /** It no longer is. */
  remove(id: string): Promise<void>
  /** Those that run at this moment; files of processes that ended without a word are taken away. */
  read(): Promise<LocalPeers>
}

export interface LocalDirectoryDeps {
  /** The same URLs, in any order, are the same mesh. */
  readonly control: readonly string[]
  /** Where the user's folder is made. */
  readonly parent: string
  /** Of this process's user. */
  readonly uid: number
  readonly logger: Logger
}

/** Where nothing is kept. */
export const NO_LOCAL_DIRECTORY: LocalDirectory = {
  put: () => Promise.resolve(),
  remove: () => Promise.resolve(),
  read: () => Promise.resolve(NO_LOCAL_PEERS),
}

const OTHERS_MAY_WRITE = 0o022

export function createLocalDirectory(deps: LocalDirectoryDeps): LocalDirectory {
  const { logger, uid } = deps
  const userFolder = path.join(deps.parent, `weft-${uid}`)
  let last: Promise<unknown> = Promise.resolve()
  let told = ''

  /** One at a time, so that what was put first is not found after it was taken away. */
  const inOrder = <T>(action: () => Promise<T>, otherwise: T): Promise<T> => {
    const result = last.then(async () => {
      try {
        return await action()
      } catch (error) {
        tell(error as NodeJS.ErrnoException)
        return otherwise
      }
    })
    last = result
    return result
  }
  const tell = ({ code, message }: NodeJS.ErrnoException): void => {
    if (code === 'ENOENT' || message === told) return
    told = message
    logger.debug('The local workload directory is not used', { folder: userFolder, reason: message })
  }
  /** The folder of this mesh, when it can be trusted. */
  const trusted = async (make: boolean): Promise<string> => {
    const folder = path.join(userFolder, await meshName(deps.control))
    for (const each of [userFolder, folder]) {
      if (make) await makeFolder(each)
      await checkFolder(each, uid)
    }
    return folder
  }
  const put = async (id: string, registration: WorkloadRegistration): Promise<void> => {
    const folder = await trusted(true)
    const started = await startOf(process.pid)
    await writeEntry(path.join(folder, id), {
      pid: process.pid,
      ...(started === undefined ? {} : { started }),
      registration,
    })
    // So that the files of a service that keeps crashing do not pile up.
    await runningEntries(folder)
  }

  return {
    // Another process may take away its last file, and with it the folder, at this very moment.
    put: (id, registration) =>
      inOrder(() => put(id, registration).catch((error) => onceMore(error, () => put(id, registration))), undefined),
    remove: (id) => inOrder(async () => removeEntry(await trusted(false), `${id}.json`), undefined),
    read: () =>
      inOrder(async () => {
        const entries = await runningEntries(await trusted(false))
        return { workloads: entries.map(({ registration }) => registration), addresses: ownAddresses() }
      }, NO_LOCAL_PEERS),
  }
}

function onceMore(error: NodeJS.ErrnoException, action: () => Promise<void>): Promise<void> {
  return error.code === 'ENOENT' ? action() : Promise.reject(error)
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
}

/** Nobody else may be able to place an entry: calls are sent to where entries say. */
async function checkFolder(folder: string, uid: number): Promise<void> {
  const found = await lstat(folder)
  if (!found.isDirectory()) throw new Error(`${folder} is no directory`)
  if (found.uid !== uid) throw new Error(`${folder} belongs to user ${found.uid}`)
  if ((found.mode & OTHERS_MAY_WRITE) !== 0) throw new Error(`other users can write into ${folder}`)
}

/** Containers that share a folder share neither process ids nor loopback, so their namespaces are part of the name. */
async function meshName(control: readonly string[]): Promise<string> {
  const namespaces = ['pid', 'net'].map((kind) => readlink(`/proc/self/ns/${kind}`).catch(() => ''))
  const parts = [...control.toSorted(), ...(await Promise.all(namespaces))]
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16)
}

async function writeEntry(name: string, entry: LocalEntry): Promise<void> {
  await writeFile(`${name}.tmp`, `${JSON.stringify(entry)}\n`, { mode: 0o600 })
  await rename(`${name}.tmp`, `${name}.json`)
}

async function removeEntry(folder: string, name: string): Promise<void> {
  await rm(path.join(folder, name), { force: true })
  // Succeeds for the last one only.
  await rmdir(folder).catch(() => undefined)
}

async function runningEntries(folder: string): Promise<readonly LocalEntry[]> {
  const files = (await readdir(folder, { withFileTypes: true })).filter((file) => file.isFile())
  const found = await Promise.all(
    files.filter(({ name }) => name.endsWith('.json')).map(({ name }) => runningEntry(path.join(folder, name))),
  )
  return found.filter((entry) => entry !== undefined)
}

async function runningEntry(file: string): Promise<LocalEntry | undefined> {
  const entry = parseLocalEntry(await readFile(file, 'utf8').catch(() => ''))
  if (entry === undefined) return undefined
  if (await isRunning(entry)) return entry
  await rm(file, { force: true })
  return undefined
}

async function isRunning({ pid, started }: LocalEntry): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  const now = started === undefined ? undefined : await startOf(pid)
  return now === undefined || now === started
}

/** When a process started, in ticks since boot, as Linux tells it: field 22 of proc_pid_stat(5), 20th behind the command. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}

function ownAddresses(): readonly string[] {
  return Object.values(os.networkInterfaces()).flatMap((found) => (found ?? []).map(({ address }) => address))
}
