import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import type { ClusterLoadAssignment, Resource } from '@weft/mesh-protocol'
import type { Clock } from '../kernel/clock.ts'
import type { Logger } from '../kernel/logger.ts'
import type { TimerHandle, Timers } from '../kernel/timers.ts'

/** What is kept for the next start: what was in force and what was followed. Nothing secret. */
export interface SavedPolicy {
  readonly subscriptions: readonly string[]
  /** As they came over the wire; looked at again as if they came anew. */
  readonly resources: readonly Resource[]
}

/** The same, made when it is written: the resources are read one by one. */
export interface PolicyToSave {
  readonly subscriptions: readonly string[]
  readonly resources: Iterable<Resource>
}

export interface LastKnownGood {
  /** `undefined` where nothing usable is kept. Never rejects: a file that cannot be used is told and put aside. */
  load(): Promise<SavedPolicy | undefined>
  /** Something has changed; it is written a little later, in the background. */
  changed(): void
  /** Writes what is not yet written and stops. Never rejects. */
  close(): Promise<void>
}

export interface LastKnownGoodDeps {
  readonly stateDir: string
  readonly namespace: string
  readonly service: string
  /** The policy of this moment; asked when it is written. */
  readonly current: () => PolicyToSave
  readonly clock: Clock
  readonly timers: Timers
  readonly logger: Logger
}

/** Grows when an older reader could not use the file. */
const FORMAT = 1

/** The first change is written soon, so that a process which dies young leaves something. */
const FIRST_WRITE_MS = 100

/** Between two writes, so that a busy mesh does not keep the disk busy. */
const WRITE_INTERVAL_MS = 2_000

/** A larger policy is not kept. At 10,000 endpoints a file has about 5 MB. */
const MAX_BYTES = 64 * 1024 * 1024

/** Endpoints that are turned into JSON at once: less than a millisecond. */
const ENDPOINTS_PER_CHUNK = 200

/**
 * The last policy that was in force, in one file a service and namespace, so that a service starts while the control
 * server is down. Written whole beside the old file and put in its place, in pieces that never hold up a call.
 */
export function createLastKnownGood(deps: LastKnownGoodDeps): LastKnownGood {
  const { stateDir, timers, logger } = deps
  const file = path.join(stateDir, `${deps.namespace}.${deps.service === '' ? '_' : deps.service}.json`)
  let timer: TimerHandle | undefined
  let writing: Promise<void> | undefined
  let dirty = false
  let written = false
  let failed = false
  let closed = false

  const write = async (): Promise<void> => {
    dirty = false
    try {
      await writePolicy(file, deps)
      failed = false
    } catch (error) {
      if (!failed)
        logger.warn('The last-known-good policy cannot be written', { file, reason: (error as Error).message })
      failed = true
    }
    written = true
    writing = undefined
    if (dirty && !closed) schedule()
  }
  const schedule = (): void => {
    timer ??= timers.set(
      () => {
        timer = undefined
        writing ??= write()
      },
      written ? WRITE_INTERVAL_MS : FIRST_WRITE_MS,
    )
  }

  return {
    load: () => readPolicy(file, deps),
    changed() {
      dirty = true
      if (!closed && writing === undefined) schedule()
    },
    async close() {
      closed = true
      timers.clear(timer)
      await writing
      if (dirty) await write()
    },
  }
}

async function readPolicy(file: string, { logger }: LastKnownGoodDeps): Promise<SavedPolicy | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT') logger.warn('The last-known-good policy cannot be read', { file, reason: code })
    return undefined
  }
  const saved = parsePolicy(text)
  if (typeof saved !== 'string') return saved
  const aside = `${file}.corrupt`
  await rename(file, aside).catch(() => undefined)
  logger.warn('The last-known-good policy cannot be used and is put aside', { file: aside, reason: saved })
  return undefined
}

/** The policy, or why the text is none. */
function parsePolicy(text: string): SavedPolicy | string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'it is no JSON, truncated perhaps'
  }
  const { format, subscriptions, resources } = (value ?? {}) as Record<string, unknown>
  if (format !== FORMAT) return `its format is ${JSON.stringify(format)} and not ${FORMAT}`
  if (!Array.isArray(subscriptions) || !Array.isArray(resources)) return 'subscriptions or resources are missing'
  return { subscriptions: subscriptions.filter((host) => typeof host === 'string'), resources }
}

async function writePolicy(file: string, { stateDir, clock, current }: LastKnownGoodDeps): Promise<void> {
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  const beside = `${file}.${process.pid}.tmp`
  const handle = await open(beside, 'w', 0o600)
  try {
    let bytes = 0
    for (const chunk of policyText(current(), new Date(clock.wallNow()).toISOString())) {
      bytes += (await handle.write(chunk)).bytesWritten
      if (bytes > MAX_BYTES) throw new Error(`it is larger than ${MAX_BYTES} bytes`)
    }
    await handle.sync()
    await handle.close()
    await rename(beside, file)
  } catch (error) {
    await handle.close().catch(() => undefined)
    await rm(beside, { force: true })
    throw error
  }
}

/** JSON in pieces, each small enough to be made between two calls. */
function* policyText({ subscriptions, resources }: PolicyToSave, savedAt: string): Generator<string> {
  yield `{"format":${FORMAT},"savedAt":"${savedAt}","subscriptions":${JSON.stringify(subscriptions)},"resources":[`
  let separator = '\n'
  for (const resource of resources) {
    yield separator
    if (resource.type === 'ClusterLoadAssignment') yield* assignmentText(resource)
    else yield JSON.stringify(resource)
    separator = ',\n'
  }
  yield '\n]}\n'
}

function* assignmentText({ endpoints, ...header }: ClusterLoadAssignment): Generator<string> {
  yield `${JSON.stringify(header).slice(0, -1)},"endpoints":[`
  for (let from = 0; from < endpoints.length; from += ENDPOINTS_PER_CHUNK) {
    const chunk = JSON.stringify(endpoints.slice(from, from + ENDPOINTS_PER_CHUNK)).slice(1, -1)
    yield from === 0 ? chunk : `,${chunk}`
  }
  yield ']}'
}
