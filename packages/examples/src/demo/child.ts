import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A process of the demo, in a life of its own like any service. */
export interface Child {
  readonly name: string
  readonly url: string
  readonly pid: number
  kill(signal: NodeJS.Signals): Promise<void>
}

export interface ChildSpec {
  readonly name: string
  readonly file: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Given each line that the process prints, but for the one that says where it listens. */
  readonly onLine?: (line: string) => void
}

const READY = /listening on (https?:\/\/\S+)/
const START_LIMIT_MS = 60_000

const running = (process: ChildProcess): boolean => process.exitCode === null && process.signalCode === null

/** Starts a script and waits until it says where it listens; one that does not is ended. */
export async function startChild({ name, file, args = [], env = {}, onLine }: ChildSpec): Promise<Child> {
  const child = spawn(process.execPath, ['--conditions=@weft/source', '--no-warnings', file, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output: string[] = []
  const url = await new Promise<string>((resolve, reject) => {
    const fail = (why: string): void => {
      child.kill('SIGKILL')
      reject(new Error(`${name}: ${why}\n${output.join('\n')}`))
    }
    const limit = setTimeout(() => fail(`did not listen within ${START_LIMIT_MS} ms`), START_LIMIT_MS)
    child.once('exit', (code, signal) => fail(`ended with ${code ?? signal}`))
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        if (output.length < 200) output.push(line)
        const found = READY.exec(line)?.[1]
        if (found === undefined) {
          onLine?.(line)
          return
        }
        clearTimeout(limit)
        resolve(found)
      })
    }
  })
  const exited = once(child, 'exit')
  return {
    name,
    url,
    pid: child.pid as number,
    async kill(signal) {
      if (!running(child)) return
      child.kill(signal)
      await exited
    },
  }
}
