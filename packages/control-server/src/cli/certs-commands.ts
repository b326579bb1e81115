import type { Command } from 'commander'
import { type ApiFlags, clientOf, withApiOptions } from './api-options.ts'
import { type CaShown, type CertificatesShown, caTable, certificateTable } from './certs-tables.ts'
import { CliError } from './cli-error.ts'
import { EXIT } from './exit-codes.ts'
import { printAnswer } from './output.ts'
import type { Terminal } from './terminal.ts'

const CERTIFICATES = '/v1/certificates'

export function addCertsCommands(program: Command, terminal: Terminal): void {
  const certs = program.command('certs').description('The certificates of the mesh and the authority that signs them.')
  addList(certs, terminal)
  addRevoke(certs, terminal)
  addRestore(certs, terminal)
  addRotate(certs, terminal)
  addCa(certs, terminal)
}

function addList(certs: Command, terminal: Terminal): void {
  const list = certs
    .command('list', { isDefault: true })
    .description('Show the certificates that are good, what was revoked, and how far a change of the root has come.')
  withApiOptions(list, terminal).action(async (flags: ApiFlags) => {
    const { body } = await clientOf(flags).request(CERTIFICATES)
    printCertificates(terminal, flags, body)
  })
}

interface RevokeFlags extends ApiFlags {
  readonly identity?: string
  readonly serial?: string
}

function addRevoke(certs: Command, terminal: Terminal): void {
  const revoke = certs
    .command('revoke')
    .description(
      'Give an identity, or the process that has a certificate, no further one. What it has is good until it ends.',
    )
    .option('--identity <identity>', 'spiffe://trust-domain/ns/namespace/sa/account, or namespace/account')
    .option('--serial <hex>', 'serial of a certificate')
  withApiOptions(revoke, terminal).action(async ({ identity, serial, ...flags }: RevokeFlags) => {
    if ((identity === undefined) === (serial === undefined)) {
      throw new CliError(EXIT.usage, 'say either --identity or --serial')
    }
    const { body } = await clientOf(flags).request(`${CERTIFICATES}/revoke`, {
      method: 'POST',
      body: identity === undefined ? { serial } : { identity },
    })
    printCertificates(terminal, flags, body)
  })
}

function addRestore(certs: Command, terminal: Terminal): void {
  const restore = certs
    .command('restore')
    .description('Give an identity that was revoked certificates again.')
    .requiredOption('--identity <identity>', 'spiffe://trust-domain/ns/namespace/sa/account, or namespace/account')
  withApiOptions(restore, terminal).action(async ({ identity, ...flags }: RevokeFlags) => {
    const { body } = await clientOf(flags).request(`${CERTIFICATES}/restore`, { method: 'POST', body: { identity } })
    printCertificates(terminal, flags, body)
  })
}

function addRotate(certs: Command, terminal: Terminal): void {
  const rotate = certs
    .command('rotate')
    .description(
      'Replace the root of the mesh: a new one is made known, then it signs, and the old one is believed until all that it signed has ended.',
    )
  withApiOptions(rotate, terminal).action(async (flags: ApiFlags) => {
    const { body } = await clientOf(flags).request('/v1/ca/rotate', { method: 'POST' })
    printAnswer(terminal, flags.output, body, () => caTable(body as CaShown))
  })
}

interface CaFlags extends ApiFlags {
  readonly fingerprint?: true
  readonly pem?: true
}

function addCa(certs: Command, terminal: Terminal): void {
  const ca = certs
    .command('ca')
    .description('Show the roots of the mesh with their fingerprints.')
    .option('--fingerprint', 'print only what clients pin (WEFT_CA_FINGERPRINT)')
    .option('--pem', 'print only the roots, for WEFT_CA_FILE')
  withApiOptions(ca, terminal).action(async ({ fingerprint, pem, ...flags }: CaFlags) => {
    const client = clientOf(flags)
    // Makes the authority where there is none yet, so that there is something to pin.
    await client.request('/v1/trust-bundle')
    const { body } = await client.request('/v1/ca')
    const shown = body as CaShown
    if (fingerprint === true) terminal.out(shown.roots[0]?.fingerprint ?? '')
    else if (pem === true) terminal.out(shown.roots.map(({ certificate }) => certificate.trimEnd()).join('\n'))
    else printAnswer(terminal, flags.output, body, () => caTable(shown))
  })
}

function printCertificates(terminal: Terminal, flags: ApiFlags, body: unknown): void {
  printAnswer(terminal, flags.output, body, () => certificateTable(body as CertificatesShown))
}
