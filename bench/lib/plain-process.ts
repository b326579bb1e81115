import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { build, ROOT } from './build.ts'

/** A server in a process as a user would start it: nothing of the benchmark in it, and nothing stripped of types. */
export interface PlainProcess {
  readonly url: string
  /** Resident memory now, in bytes, as the system counts it; nothing is collected for it. */
  resident(): number
  stop(): Promise<void>
}

/** Runs Node with these arguments; the first line that it prints ends with its URL. */
export async function startPlainProcess(args: readonly string[]): Promise<PlainProcess> {
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  if (child.stdout === null) throw new Error('the process has no output')
  const lines = createInterface({ input: child.stdout })
  const gone = once(child, 'exit').then(([code]) => {
    throw new Error(`node ${args.join(' ')} ended with ${code}`)
  })
  const [line] = (await Promise.race([once(lines, 'line'), gone])) as [string]
  gone.catch(() => undefined)
  return {
    url: line.split(' ').at(-1) as string,
    resident: () => 1024 * Number(execFileSync('ps', ['-o', 'rss=', '-p', String(child.pid)], { encoding: 'utf8' })),
    async stop() {
      child.kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

/** `weft server` from its built files, which are brought up to date before. */
export function startBuiltControl(dataDir: string): Promise<PlainProcess> {
  build('packages/control-server')
  const load = (file: string): string =>
    `await import(${JSON.stringify(path.join(ROOT, 'packages/control-server/dist/cli', file))})`
  const script = `
    const { runCli } = ${load('run.js')}
    const { processTerminal } = ${load('terminal.js')}
    process.exitCode = await runCli(process.argv.slice(1), processTerminal())`
  const args = ['server', '--listen', '127.0.0.1:0', '--data-dir', dataDir, '--log-level', 'warn']
  return startPlainProcess(['--input-type=module', '-e', script, '--', ...args])
}
