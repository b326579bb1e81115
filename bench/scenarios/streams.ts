import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Control, POLICY, register } from '../lib/control.ts'
import type { Memory } from '../lib/memory.ts'
import { type PlainProcess, startBuiltControl, startPlainProcess } from '../lib/plain-process.ts'
import { remoteControl } from '../lib/remote-control.ts'
import { fixed, table } from '../lib/table.ts'
import { startWorker, type Worker } from '../lib/worker.ts'

const KIB = 1024

/** Connections before the first reading, so that what the first of them loads is not counted as theirs. */
const WARM_UP = 20

export interface StreamsScale {
  readonly count: number
  /** What is waited before the last reading: V8 gives back memory some seconds after the last garbage. */
  readonly settleMs: number
}

/** What a stream adds, in KiB. */
interface PerStream {
  readonly resident: number
  readonly live: number
}

async function setUp(control: Control): Promise<() => void> {
  const renewals = [await register(control, 'reviews', 1, 'v1'), await register(control, 'reviews', 2, 'v2')]
  await control.post('/v1/apply', POLICY)
  return () => {
    for (const stop of renewals) stop()
  }
}

async function growth(server: Worker, clients: Worker, count: number): Promise<PerStream> {
  await clients.call('connect', WARM_UP)
  const before = await server.call<Memory>('memory')
  await clients.call('connect', count + WARM_UP)
  const after = await server.call<Memory>('memory')
  const each = (pick: (memory: Memory) => number): number => (pick(after) - pick(before)) / count / KIB
  return { resident: each(({ resident }) => resident), live: each(({ live }) => live) }
}

async function bareStreams(count: number): Promise<PerStream> {
  const server = await startWorker('bare-stream')
  const clients = await startBareClients(await server.call<string>('url'))
  const grown = await growth(server, clients, count)
  await clients.stop()
  await server.stop()
  return grown
}

async function controlStreams(count: number): Promise<PerStream> {
  const server = await startWorker('control')
  const control = remoteControl(await server.call<string>('url'))
  const stop = await setUp(control)
  const clients = await startWorker('streams', { WEFT_CONTROL: control.url })
  const grown = await growth(server, clients, count)
  await clients.stop()
  stop()
  await server.stop()
  return grown
}

const startBareClients = (url: string): Promise<Worker> =>
  startWorker('streams', { WEFT_CONTROL: url, BENCH_VARIANT: 'bare' })

interface WholeProcess {
  readonly started: number
  readonly connected: number
  readonly changed: number
}

const MIB = KIB * KIB

async function bareFastify(count: number): Promise<WholeProcess> {
  const server = await startPlainProcess([path.join(import.meta.dirname, '../processes/bare-fastify.mjs')])
  const started = server.resident()
  const clients = await startBareClients(server.url)
  await clients.call('connect', count)
  const connected = server.resident()
  await clients.stop()
  await server.stop()
  return { started, connected, changed: Number.NaN }
}

const CHANGES = 20

async function builtControl(count: number, settleMs: number): Promise<WholeProcess> {
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'weft-bench-'))
  const server = await startBuiltControl(dataDir)
  const control = remoteControl(server.url)
  const stop = await setUp(control)
  const started = server.resident()
  const clients = await startWorker('streams', { WEFT_CONTROL: server.url })
  await clients.call('connect', count)
  const connected = server.resident()
  const changed = await residentAfterChanges(server, control, settleMs)
  await clients.stop()
  stop()
  await server.stop()
  rmSync(dataDir, { recursive: true, force: true })
  return { started, connected, changed }
}

async function residentAfterChanges(server: PlainProcess, control: Control, settleMs: number): Promise<number> {
  for (let change = 0; change < CHANGES; change++) {
    const canary = { subset: 'v2', weight: 10 + change }
    await control.post('/v1/services/default/reviews/canary?wait=10s', canary, 'PUT')
  }
  await delay(settleMs)
  return server.resident()
}

/**
 * What a connected stream costs the control server against a bare Node server with as many, and what `weft server` as it is
 * published takes as a whole, against the least that fastify takes.
 */
export async function benchStreams({ count, settleMs }: StreamsScale): Promise<string> {
  const [bare, weft] = [await bareStreams(count), await controlStreams(count)]
  const row = (name: string, { resident, live }: PerStream): string[] => [name, fixed(resident, 1), fixed(live, 1)]
  const perStream = table(
    [`${count} streams`, 'resident KiB a stream', 'live heap KiB a stream'],
    [row('bare node:http', bare), row('control server', weft)],
  )
  const mib = (bytes: number): string => (Number.isNaN(bytes) ? '-' : fixed(bytes / MIB, 0))
  const whole = (name: string, { started, connected, changed }: WholeProcess): string[] => [
    name,
    mib(started),
    mib(connected),
    mib(changed),
  ]
  const processes = table(
    ['whole process, resident MiB', 'started', `${count} streams`, `${CHANGES} changes later`],
    [whole('bare fastify', await bareFastify(count)), whole('weft server, built', await builtControl(count, settleMs))],
  )
  return `${perStream}\n\n${processes}`
}
