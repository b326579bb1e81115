import { benchNode, REVIEWS } from '../lib/bench-node.ts'
import { type Control, POLICY, register } from '../lib/control.ts'
import type { Memory } from '../lib/memory.ts'
import { remoteControl } from '../lib/remote-control.ts'
import { type StalledReader, startStalledReader } from '../lib/stalled-reader.ts'
import { quantile } from '../lib/statistics.ts'
import { fixed, table } from '../lib/table.ts'
import { startWorker, type Worker } from '../lib/worker.ts'

const READERS = 10
/** Every so many changes one is timed until all readers have it. */
const TIMED_EVERY = 50
/** A run ends here, however many changes have been made. */
const MAX_RUN_MS = 60_000
/** Changes before the first reading, so that what the first of them load or fill is not counted. */
const WARM_UP = 500
const KIB = 1024

interface Run {
  readonly changes: number
  /** Those before the first reading too. */
  readonly all: number
  /** What the server holds more than before the changes, in KiB. */
  readonly grownKib: number
  /** From the API call to the last of the readers, in milliseconds. */
  readonly p50: number
  readonly p99: number
  /** What the stalled reader found when it read on. */
  readonly found: Found | undefined
}

interface Found {
  readonly kib: number
  readonly events: number
  readonly isNewest: boolean
}

const now = (): number => performance.timeOrigin + performance.now()

const change = (control: Control, index: number): Promise<unknown> =>
  control.post('/v1/services/default/reviews/canary', { subset: 'v2', weight: 1 + (index % 99) }, 'PUT')

async function timedChange(control: Control, readers: Worker, index: number): Promise<number> {
  await readers.call('reset')
  const since = now()
  await change(control, index)
  return (await readers.call<{ max: number }>('arrivals', since)).max
}

async function makeChanges(
  control: Control,
  readers: Worker,
  many: number,
): Promise<{ made: number; delays: number[] }> {
  const deadline = performance.now() + MAX_RUN_MS
  const delays: number[] = []
  let made = 0
  for (; made < many && performance.now() < deadline; made++) {
    if (made % TIMED_EVERY === TIMED_EVERY - 1) delays.push(await timedChange(control, readers, made))
    else await change(control, made)
  }
  return { made, delays: delays.sort((a, b) => a - b) }
}

async function run(many: number, withStalled: boolean): Promise<Run> {
  const server = await startWorker('control')
  const control = remoteControl(await server.call<string>('url'))
  const renewals = [await register(control, 'reviews', 1, 'v1'), await register(control, 'reviews', 2, 'v2')]
  await control.post('/v1/apply', POLICY)
  const readers = await startWorker('streams', { WEFT_CONTROL: control.url })
  await readers.call('connect', READERS)
  const stalled = withStalled ? await startStalledReader(control.url, benchNode('stalled'), REVIEWS) : undefined
  const warmUp = await makeChanges(control, readers, Math.min(many, WARM_UP))
  const before = await server.call<Memory>('memory')
  const { made, delays } = await makeChanges(control, readers, many)
  const after = await server.call<Memory>('memory')
  const found = stalled === undefined ? undefined : await readOn(stalled, await readers.call<string>('newest'))
  stalled?.close()
  for (const stop of renewals) stop()
  await readers.stop()
  await server.stop()
  const grownKib = (after.live - before.live) / KIB
  return {
    changes: made,
    all: warmUp.made + made,
    grownKib,
    p50: quantile(delays, 0.5),
    p99: quantile(delays, 0.99),
    found,
  }
}

/** The newest update of the readers has to be the last that the stalled one finds. */
async function readOn(stalled: StalledReader, newest: string): Promise<Found> {
  const text = await stalled.readAll()
  const version = (event: string): string | undefined =>
    /"version":"([^"]+)","type":"RouteConfiguration"/.exec(event)?.[1]
  const events = text.split('event: update').slice(1)
  const last = events.map(version).findLast((each) => each !== undefined)
  return { kib: text.length / KIB, events: events.length, isNewest: last !== undefined && last === version(newest) }
}

/** What a client that stops reading through many changes costs the server and those that read. */
export async function benchStalled(many: number): Promise<string> {
  const without = await run(many, false)
  const stopped = await run(many, true)
  const row = (name: string, { changes, grownKib, p50, p99 }: Run): string[] => [
    name,
    String(changes),
    fixed(grownKib, 0),
    fixed(p50),
    fixed(p99),
  ]
  const runs = table(
    [`${READERS} readers`, 'changes', 'server grown, KiB', 'change to all readers p50 ms', 'p99 ms'],
    [row('alone', without), row('and one that does not read', stopped)],
  )
  const { found } = stopped
  if (found === undefined) throw new Error('the stalled reader has read nothing')
  const caughtUp = found.isNewest ? 'the newest state last' : 'but not the newest state'
  return (
    `${runs}\n\nThe one that does not read costs the server ${fixed(stopped.grownKib - without.grownKib, 0)} KiB, ` +
    `and its readers ${fixed(stopped.p50 / without.p50)} × the time. When it read on it found ${fixed(found.kib, 0)} KiB ` +
    `in ${found.events} events of ${stopped.all}, ${caughtUp}: what the system's socket buffers took.`
  )
}
