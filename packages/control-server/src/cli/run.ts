import { Command, CommanderError } from 'commander'
import { CliError } from './cli-error.ts'
import { EXIT, EXIT_CODES_HELP } from './exit-codes.ts'
import { addServerCommand } from './server-command.ts'
import type { Terminal } from './terminal.ts'

/** Runs `weft` with these arguments and returns its exit code. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await createProgram(terminal).parseAsync(args, { from: 'user' })
    return EXIT.ok
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    if (!(error instanceof CliError)) throw error
    terminal.err(`weft: ${error.message}`)
    return error.exitCode
  }
}

function createProgram(terminal: Terminal): Command {
  const program = new Command('weft')
    .description('The control server of the Weft mesh, and what speaks to it.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    })
    .showHelpAfterError()
    .addHelpText('after', EXIT_CODES_HELP)
  addServerCommand(program, terminal)
  return program
}
