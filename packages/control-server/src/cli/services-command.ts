import type { Command } from 'commander'
import { type ApiFlags, clientOf, type NamespaceFlags, withApiOptions, withNamespace } from './api-options.ts'
import { printAnswer } from './output.ts'
import { formatTable } from './table.ts'
import type { Terminal } from './terminal.ts'

/** What is shown of a service; the answer has more. */
interface Service {
  readonly name: string
  readonly namespace: string
  readonly host: string
  readonly ports: readonly { readonly port: number; readonly protocol: string }[]
  readonly subsets: readonly { readonly name: string }[]
  readonly endpointCount: number
  readonly split: readonly { readonly subset: string; readonly weight: number }[]
}

interface ServiceWithEndpoints extends Service {
  readonly endpoints: readonly {
    readonly id: string
    readonly health: string
    readonly labels: Readonly<Record<string, string>>
    readonly workload: { readonly name: string }
  }[]
}

export function addServicesCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('services')
    .description('Show the services of the mesh, or one of them with its endpoints.')
    .argument('[name]', 'of one service')
  withNamespace(withApiOptions(command, terminal), terminal).action(
    (name: string | undefined, flags: ApiFlags & NamespaceFlags) => showServices(name, flags, terminal),
  )
}

async function showServices(
  name: string | undefined,
  flags: ApiFlags & NamespaceFlags,
  terminal: Terminal,
): Promise<void> {
  const path = `${encodeURIComponent(flags.namespace)}/${encodeURIComponent(name ?? '')}`
  const { body } = await clientOf(flags).request(name === undefined ? '/v1/services' : `/v1/services/${path}`)
  printAnswer(terminal, flags.output, body, () => {
    if (name === undefined) return serviceTable((body as { services: readonly Service[] }).services)
    const service = body as ServiceWithEndpoints
    return `${serviceTable([service])}\n\n${endpointTable(service)}`
  })
}

function serviceTable(services: readonly Service[]): string {
  const rows = services.map(({ namespace, name, ports, endpointCount, subsets, split }) => [
    namespace,
    name,
    ports.map(({ port, protocol }) => `${port}/${protocol}`).join(','),
    String(endpointCount),
    subsets.map((subset) => subset.name).join(','),
    split.map(({ subset, weight }) => `${subset === '' ? 'any' : subset} ${weight}`).join(', '),
  ])
  return formatTable(['NAMESPACE', 'NAME', 'PORTS', 'ENDPOINTS', 'SUBSETS', 'SPLIT'], rows)
}

function endpointTable({ endpoints }: ServiceWithEndpoints): string {
  const rows = endpoints.map(({ id, health, workload, labels }) => [
    id,
    health,
    workload.name,
    Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
  ])
  return formatTable(['ENDPOINT', 'HEALTH', 'WORKLOAD', 'LABELS'], rows)
}
