import { isIpAddress } from '@weft/mesh-protocol'
import { child, entry } from '../field-path.ts'
import type { WorkloadEntrySpec } from '../spec/workload-entry.ts'
import { isUnixAddress, unixAddressProblem } from './addresses.ts'
import type { Context } from './context.ts'
import { domainProblem, quote } from './hosts.ts'
import { checkLabels } from './labels.ts'
import { checkPort, portNameProblem } from './ports.ts'
import type { Report } from './report.ts'

/** What the ServiceEntry around an endpoint says of it. */
export interface EndpointRules {
  /** Names of the ports that there are; absent where nobody knows. */
  readonly portNames?: ReadonlySet<string>
  /** Whether an address may be a host name, which is resolved. */
  readonly hostNames: boolean
  /** Whether an address may be a socket of the machine, or be left to the gateways of a network: what DNS cannot find. */
  readonly unixSockets: boolean
}

/** What the schema of a WorkloadEntry cannot tell (Istio `ValidateWorkloadEntry`). */
export function checkWorkloadEntry(spec: WorkloadEntrySpec, { report }: Context): void {
  checkEndpoint(spec, { hostNames: true, unixSockets: true }, 'spec', report)
}

/** A WorkloadEntry, or one of the endpoints of a ServiceEntry. */
export function checkEndpoint(spec: WorkloadEntrySpec, rules: EndpointRules, field: string, report: Report): void {
  const { address = '', network = '', labels } = spec
  const at = child(field, 'address')
  if (address !== '') report.check(at, addressProblem(address, rules))
  else if (network === '' || !rules.unixSockets) report.violation(at, 'is required')
  else report.warning(at, `is not there, so that only the gateways of the network ${quote(network)} can reach it`)
  checkEndpointPorts(spec, rules.portNames, child(field, 'ports'), report)
  checkLabels(labels, child(field, 'labels'), report)
}

function addressProblem(address: string, { hostNames, unixSockets }: EndpointRules): string | undefined {
  if (isIpAddress(address)) return undefined
  if (unixSockets && isUnixAddress(address)) return unixAddressProblem(address)
  if (!hostNames) return `${quote(address)} must be an IP address: only resolution DNS looks up host names`
  return domainProblem(address) === undefined ? undefined : `${quote(address)} is neither an IP address nor a host name`
}

/** By name of the service's port. */
export function checkEndpointPorts(
  { address = '', ports }: WorkloadEntrySpec,
  known: ReadonlySet<string> | undefined,
  field: string,
  report: Report,
): void {
  const given = Object.entries(ports ?? {})
  if (isUnixAddress(address) && given.length > 0) report.violation(field, 'cannot be given: a unix socket has no ports')
  for (const [name, port] of given) {
    const at = entry(field, name)
    report.check(at, portNameProblem(name))
    if (known !== undefined && !known.has(name)) report.violation(at, 'is no name of a port in spec.ports')
    checkPort(port, at, report)
  }
}
