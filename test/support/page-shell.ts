import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { startProcess, type TestProcess } from './process.ts'
import { ROOT } from './source-files.ts'

const NPX = 'npx pnpm@12 '

const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>
}

/** What `npx pnpm@12 NAME` would run, on the Node that runs the tests and without asking the registry for pnpm. */
const prelude = [
  'set -euo pipefail',
  'npx() { local name="$2"; shift 2; case "$name" in',
  ...Object.entries(scripts)
    .filter(([, script]) => script.startsWith('node '))
    .map(([name, script]) => `${name}) ${script} "$@" ;;`),
  '*) echo "there is no script $name" >&2; return 127 ;; esac; }',
].join('\n')

/** What has come of commands. */
export interface ShellResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Terminals in which the commands of a page are run, in the root of the repository. */
export class PageShell implements AsyncDisposable {
  readonly #env: Record<string, string>
  readonly #staying: TestProcess[] = []

  constructor(env: Readonly<Record<string, string>>) {
    this.#env = { ...env }
  }

  /** Runs a block of commands to its end; what it exports holds for those to come. */
  async run(text: string): Promise<ShellResult> {
    this.#export(text)
    const env = { ...process.env, ...this.#env, PATH: `${path.dirname(process.execPath)}:${process.env.PATH}` }
    const child = spawn('bash', ['-c', `${prelude}\n${text}`], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const printed = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (chunk: string) => {
        printed[name] += chunk
      })
    }
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
    return { code, ...printed }
  }

  /** Starts what stays in a terminal of its own, and pastes the lines that it prints for others. */
  async stay(text: string): Promise<void> {
    const [name = '', ...args] = text.trim().slice(NPX.length).split(' ')
    const file = scripts[name]?.split(' ').at(-1)
    if (!text.startsWith(NPX) || file === undefined) throw new Error(`not a script: ${text}`)
    const started = startProcess(file, { args, env: this.#env })
    this.#staying.push(started)
    await started.until(/^All is there/, 70_000)
    this.#export(started.output())
  }

  /** Begins to note what those print which stay: the function gives it by line, in the order of their start. */
  watch(): () => string[] {
    const lines = (): string[][] => this.#staying.map((started) => started.output().split('\n'))
    const before = lines().map(({ length }) => length)
    return () => lines().flatMap((all, at) => all.slice(before[at]))
  }

  /** As by Ctrl-C, the first one last; tells how each has ended. */
  async end(): Promise<(number | string)[]> {
    const [first, ...others] = this.#staying.splice(0)
    const end = async (started: TestProcess): Promise<number | string> => {
      await started.stop('SIGTERM')
      return started.exited
    }
    const codes = await Promise.all(others.map(end))
    return first === undefined ? codes : [await end(first), ...codes]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end()
  }

  #export(text: string): void {
    for (const [, name = '', value = ''] of text.matchAll(/^export (\w+)=(\S*)$/gm)) {
      this.#env[name] = value.replaceAll(/\$(\w+)/g, (_, other: string) => this.#env[other] ?? '')
    }
  }
}
