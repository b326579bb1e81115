import { runCli } from '../../packages/control-server/src/cli/run.ts'

export interface CliRun {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface CliSurroundings {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  /** Resolves when `weft server` is to end. */
  readonly stopped?: Promise<NodeJS.Signals>
}

/** Runs `weft` in this process and collects what it prints. */
export async function weft(args: readonly string[], given: CliSurroundings = {}): Promise<CliRun> {
  const out: string[] = []
  const err: string[] = []
  const code = await runCli(args, {
    env: given.env ?? {},
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    readStdin: async () => given.stdin ?? '',
    untilStopped: () => given.stopped ?? new Promise(() => undefined),
  })
  return { code, out: out.join('\n'), err: err.join('\n') }
}
