import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { ROOT } from './source-files.ts'

/** A real process under test; `await using` or `stop()` ends it. */
export interface TestProcess extends AsyncDisposable {
  readonly child: ChildProcess
  /** Everything it has printed, stdout and stderr. */
  readonly output: () => string
  /** The first line that matches, printed already or still to come; rejects when the process ends before, or in time. */
  until(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>
  /** Resolves with the exit code, or the name of the signal that ended it. */
  readonly exited: Promise<number | string>
  stop(signal?: NodeJS.Signals): Promise<void>
}

export interface ProcessOptions {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** Runs a script of the repository on the Node that runs the tests, from source. */
export function startProcess(file: string, { args = [], env = {}, cwd = ROOT }: ProcessOptions = {}): TestProcess {
  const flags = ['--conditions=@weft/source', '--no-warnings=ExperimentalWarning']
  const child = spawn(process.execPath, [...flags, file, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  const listeners = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line)
      for (const listener of listeners) listener()
    })
  }
  const exited = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string)
  const stop = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await exited
  }
  return {
    child,
    output: () => lines.join('\n'),
    exited,
    stop,
    until: (pattern, timeoutMs = 15_000) => waitForLine(lines, listeners, exited, pattern, timeoutMs),
    [Symbol.asyncDispose]: () => stop(),
  }
}

function waitForLine(
  lines: readonly string[],
  listeners: Set<() => void>,
  exited: Promise<number | string>,
  pattern: RegExp,
  timeoutMs: number,
): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let seen = 0
    const finish = (): void => {
      clearTimeout(timer)
      listeners.delete(look)
    }
    const give = (why: string): void => {
      finish()
      reject(new Error(`${why} before ${pattern}; it printed:\n${lines.slice(-40).join('\n')}`))
    }
    const look = (): void => {
      for (; seen < lines.length; seen++) {
        const found = pattern.exec(lines[seen] as string)
        if (found === null) continue
        finish()
        resolve(found)
        return
      }
    }
    const timer = setTimeout(() => give(`${timeoutMs} ms passed`), timeoutMs)
    listeners.add(look)
    void exited.then((code) => give(`the process ended with ${code}`))
    look()
  })
}
