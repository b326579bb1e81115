import type { Command } from 'commander'
import type { ConfigResource } from '../config/resource.ts'
import { type ApiFlags, clientOf, type NamespaceFlags, withApiOptions, withNamespace } from './api-options.ts'
import { collectionPath, KIND_NAMES, kindNamed } from './kind-names.ts'
import { printAnswer } from './output.ts'
import { formatTable } from './table.ts'
import type { Terminal } from './terminal.ts'

interface GetFlags extends ApiFlags, NamespaceFlags {
  readonly allNamespaces?: boolean
}

const EXAMPLES = `
Examples:
  weft get virtualservices -A          those of every namespace
  weft get grpcroutes ratings -o yaml  one, with what has become of it (status)`

export function addGetCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('get')
    .description('Show the resources of a kind, or one of them.')
    .argument('<kind>', KIND_NAMES)
    .argument('[name]', 'of one resource')
    .option('-A, --all-namespaces', 'of every namespace')
    .addHelpText('after', EXAMPLES)
  withNamespace(withApiOptions(command, terminal), terminal).action(
    (kind: string, name: string | undefined, flags: GetFlags) => get(kind, name, flags, terminal),
  )
}

async function get(kind: string, name: string | undefined, flags: GetFlags, terminal: Terminal): Promise<void> {
  const collection = collectionPath(
    kindNamed(kind),
    flags.allNamespaces === true && name === undefined ? undefined : flags.namespace,
  )
  const path = name === undefined ? collection : `${collection}/${encodeURIComponent(name)}`
  const { body } = await clientOf(flags).request(path)
  const found = name === undefined ? (body as { items: readonly ConfigResource[] }).items : [body as ConfigResource]
  printAnswer(terminal, flags.output, body, () => resourceTable(found))
}

function resourceTable(resources: readonly ConfigResource[]): string {
  const rows = resources.map((resource) => {
    const { namespace, name, generation, creationTimestamp } = resource.metadata
    return [namespace, name, about(resource), String(generation ?? ''), creationTimestamp ?? '']
  })
  return formatTable(['NAMESPACE', 'NAME', 'ABOUT', 'GENERATION', 'CREATED'], rows)
}

/** What a resource is for, in one cell. */
function about({ kind, spec }: ConfigResource): string {
  if (kind === 'Service') {
    const ports = Array.isArray(spec.ports) ? (spec.ports as readonly { readonly port: number }[]) : []
    return ports.map(({ port }) => port).join(',')
  }
  const references = spec.parentRefs ?? spec.targetRefs
  if (Array.isArray(references)) return references.map(referred).join(',')
  return Array.isArray(spec.hosts) ? spec.hosts.join(',') : String(spec.host ?? '')
}

/** What a route attaches to: `name`, or `name:port`. */
function referred({ name, port }: { readonly name: string; readonly port?: number }): string {
  return port === undefined ? name : `${name}:${port}`
}
