import type { Command } from 'commander'
import { type ApiFlags, clientOf, withApiOptions } from './api-options.ts'
import { printAnswer } from './output.ts'
import { formatTable } from './table.ts'
import type { Terminal } from './terminal.ts'

/** What is shown of a client; the answer has more. */
interface Client {
  readonly id: string
  readonly namespace: string
  readonly service: string
  readonly version: string
  readonly connectedAt: string
  readonly sent: number
  readonly acked: number
  readonly pending: number
  readonly nacked: readonly {
    readonly name: string
    readonly violations: readonly { readonly field: string; readonly message: string }[]
  }[]
}

export function addClientsCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('clients')
    .description('Show who is connected, how far each has come, and what it refuses and why.')
  withApiOptions(command, terminal).action(async (flags: ApiFlags) => {
    const { body } = await clientOf(flags).request('/v1/clients')
    printAnswer(terminal, flags.output, body, () => clientTable((body as { clients: readonly Client[] }).clients))
  })
}

function clientTable(clients: readonly Client[]): string {
  const titles = ['CLIENT', 'NAMESPACE', 'SERVICE', 'VERSION', 'CONNECTED', 'SENT', 'ACKED', 'PENDING', 'NACKED']
  const rows = clients.map((client) => [
    client.id,
    client.namespace,
    client.service,
    client.version,
    client.connectedAt,
    ...[client.sent, client.acked, client.pending, client.nacked.length].map(String),
  ])
  const reasons = clients.flatMap(({ id, nacked }) =>
    nacked.map(({ name, violations }) => {
      const why = violations.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`))
      return `${id} refuses ${name}: ${why.join('; ')}`
    }),
  )
  return [formatTable(titles, rows), ...reasons].join('\n')
}
