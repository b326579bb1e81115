// Starts what a section of docs/walkthrough.md needs, each service a process of its own, and a control server unless
// `WEFT_CONTROL` names one. What they log is printed; Ctrl-C ends them all.
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Child, startChild } from '../demo/child.ts'
import { startControl } from '../demo/control-process.ts'
import { untilRegistered } from '../demo/registered.ts'
import { type Sample, SETS } from './sets.ts'

const DEFAULT_LISTEN = '127.0.0.1:15800'
const END_LIMIT_MS = 3_000

const children: Child[] = []

async function controlUrl(): Promise<string> {
  const given = process.env.WEFT_CONTROL
  if (given !== undefined && given !== '') return given
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'weft-samples-'))
  process.once('exit', () => rmSync(dataDir, { recursive: true, force: true }))
  const control = await startControl(dataDir, process.env.WEFT_LISTEN ?? DEFAULT_LISTEN)
  children.push(control)
  return control.url.replace(/\/$/, '')
}

async function start(sample: Sample, control: string): Promise<readonly (readonly [string, string])[]> {
  const { name, file, args = [], version = 'v1', locality = '', urlAs, pidAs } = sample
  const env = { WEFT_CONTROL: control, WEFT_SERVICE: '', WEFT_VERSION: version, WEFT_LOCALITY: locality }
  const child = await startChild({ name, file, args, env, onLine: (line) => console.log(`${name} | ${line}`) })
  children.unshift(child)
  console.log(`${name} listens on ${child.url}`)
  return [
    ...(urlAs === undefined ? [] : [[urlAs, child.url.replace(/\/$/, '')] as const]),
    ...(pidAs === undefined ? [] : [[pidAs, String(child.pid)] as const]),
  ]
}

/** As `Promise.all`, but rejects only when nothing is under way any more, so that all that has started can be ended. */
async function allOf<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises)
  return Promise.all(promises)
}

/** Services first, so that they can still say that they leave; then the control server. */
async function end(): Promise<void> {
  await Promise.all(children.filter(({ name }) => name !== 'control server').map(endService))
  await Promise.all(children.map((child) => child.kill('SIGTERM')))
}

async function endService(child: Child): Promise<void> {
  const late = sleep(END_LIMIT_MS, true, { ref: false })
  if ((await Promise.race([child.kill('SIGTERM'), late])) !== true) return
  console.log(`${child.name} has not ended in ${END_LIMIT_MS} ms and is killed`)
  await child.kill('SIGKILL')
}

async function main(sets: readonly string[]): Promise<number> {
  const unknown = sets.filter((name) => !(name in SETS))
  if (unknown.length > 0 || sets.length === 0) {
    console.error(`Name one or several of: ${Object.keys(SETS).join(', ')}`)
    return 2
  }
  const interrupted = new Promise<void>((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
  try {
    const control = await controlUrl()
    const samples = sets.flatMap((name) => SETS[name] ?? [])
    const variables = await allOf(samples.map((sample) => start(sample, control)))
    await untilRegistered(
      control,
      children.filter(({ name }) => name !== 'control server'),
    )
    console.log('')
    for (const [name, value] of [['WEFT_CONTROL', control] as const, ...variables.flat()]) {
      console.log(`export ${name}=${value}`)
    }
    console.log('All is there; Ctrl-C ends it.')
    await interrupted
    return 0
  } finally {
    await end()
  }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(error)
  process.exitCode = 1
}
process.exit()
