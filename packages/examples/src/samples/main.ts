// Starts what a section of docs/walkthrough.md or docs/security-tasks.md needs, each service a process of its own, and a control
// server unless `WEFT_CONTROL` names one. What they log is printed; Ctrl-C ends them all.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Child, startChild } from '../demo/child.ts'
import { untilRegistered } from '../demo/registered.ts'
import { type Control, openControl, type Variable } from './control.ts'
import { type Sample, SETS } from './sets.ts'

const END_LIMIT_MS = 3_000

const children: Child[] = []

async function start(sample: Sample, namespace: string, control: Control): Promise<readonly Variable[]> {
  const { file, args = [], version = 'v1', locality = '', urlAs, pidAs } = sample
  const [service = '', ...more] = sample.name.split(' ')
  const name = [namespace === 'default' ? service : `${service}.${namespace}`, ...more].join(' ')
  const { serviceAccount = service } = sample
  const env = {
    WEFT_CONTROL: control.url,
    WEFT_SERVICE: '',
    WEFT_VERSION: version,
    WEFT_LOCALITY: locality,
    WEFT_NAMESPACE: namespace,
    ...sample.env,
    ...(await control.identityOf({ namespace, service, serviceAccount })),
  }
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

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { secure: { type: 'boolean', default: false }, listen: { type: 'string' } },
  })
  const sets = positionals.map((text) => text.split('.') as [string, string?])
  if (sets.length === 0 || sets.some(([name]) => !(name in SETS))) {
    console.error(`Name one or several of: ${Object.keys(SETS).join(', ')}; NAME.NAMESPACE runs in another namespace`)
    return 2
  }
  const interrupted = new Promise<void>((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
  try {
    const control = await openControl({ ...values, onChild: (child) => children.push(child) })
    const samples = sets.flatMap(([name, namespace = 'default']) =>
      (SETS[name] ?? []).map((sample) => start(sample, namespace, control)),
    )
    const variables = await allOf(samples)
    await untilRegistered(
      control.endpointsOf,
      children.filter(({ name }) => name !== 'control server'),
    )
    console.log('')
    for (const [name, value] of [...control.variables, ...variables.flat()]) console.log(`export ${name}=${value}`)
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
