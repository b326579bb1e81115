import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { addAnalyzeCommand } from './analyze-command.ts'
import { addApplyCommand } from './apply-command.ts'
import { addAuditCommand } from './audit-command.ts'
import { addCanaryCommands } from './canary-commands.ts'
import { addCertsCommands } from './certs-commands.ts'
import { CliError } from './cli-error.ts'
import { addClientsCommand } from './clients-command.ts'
import { addDeleteCommand } from './delete-command.ts'
import { EXIT, EXIT_CODES_HELP } from './exit-codes.ts'
import { addGetCommand } from './get-command.ts'
import { addRoleCommands } from './role-commands.ts'
import { addServerCommand } from './server-command.ts'
import { addServicesCommand } from './services-command.ts'
import type { Terminal } from './terminal.ts'
import { addTokenCommands } from './token-commands.ts'

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

/** Of this package; its manifest stands as far above the sources as above what is built from them. */
function packageVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}

function createProgram(terminal: Terminal): Command {
  const program = new Command('weft')
    .description('The control server of the Weft mesh, and what speaks to it.')
    .version(packageVersion())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    })
    .showHelpAfterError('(--help shows how it is used)')
    .addHelpText('afterAll', EXIT_CODES_HELP)
  addServerCommand(program, terminal)
  addApplyCommand(program, terminal)
  addAnalyzeCommand(program, terminal)
  addGetCommand(program, terminal)
  addDeleteCommand(program, terminal)
  addServicesCommand(program, terminal)
  addClientsCommand(program, terminal)
  addCanaryCommands(program, terminal)
  addCertsCommands(program, terminal)
  addTokenCommands(program, terminal)
  addRoleCommands(program, terminal)
  addAuditCommand(program, terminal)
  return program
}
