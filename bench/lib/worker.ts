import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'

/** A process of its own that answers one command at a time. */
export interface Worker {
  readonly pid: number
  call<T>(command: string, argument?: unknown): Promise<T>
  stop(): Promise<void>
}

interface Reply {
  readonly value?: unknown
  readonly error?: string
}

const FROM_SOURCE = ['--conditions=@weft/source', '--no-warnings', '--expose-gc']

/** As a user runs it: the packages are those that were built. */
export const AS_BUILT: readonly string[] = ['--no-warnings']

/** Starts `processes/<name>.ts` and waits until it says that it is ready. */
export async function startWorker(
  name: string,
  env: Readonly<Record<string, string>> = {},
  execArgv: readonly string[] = FROM_SOURCE,
): Promise<Worker> {
  const child = fork(path.join(import.meta.dirname, `../processes/${name}.ts`), {
    env: { ...process.env, ...env },
    execArgv: [...execArgv],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  await reply(child)
  return {
    pid: child.pid as number,
    async call<T>(command: string, argument?: unknown): Promise<T> {
      child.send({ command, argument })
      return (await reply(child)) as T
    },
    async stop() {
      child.kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

async function reply(child: ChildProcess): Promise<unknown> {
  const gone = once(child, 'exit').then(([code]) => ({ error: `the process ended with ${code}` }))
  const answer = once(child, 'message').then(([message]) => message as Reply)
  const { value, error } = (await Promise.race([answer, gone])) as Reply
  if (error !== undefined) throw new Error(error)
  return value
}

/** The other side: answers commands until the parent ends the process. */
export function serveCommands(commands: Readonly<Record<string, (argument: never) => unknown>>, ready?: unknown): void {
  const send = (message: Reply): void => {
    process.send?.(message)
  }
  process.on('message', async ({ command, argument }: { command: string; argument: unknown }) => {
    try {
      const run = commands[command]
      if (run === undefined) throw new Error(`unknown command ${command}`)
      send({ value: await run(argument as never) })
    } catch (error) {
      send({ error: String((error as Error).stack ?? error) })
    }
  })
  process.on('disconnect', () => process.exit())
  send({ value: ready })
}
