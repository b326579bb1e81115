import { child, item } from '../field-path.ts'
import { isWildcardHost } from '../host-name.ts'
import type { ServiceEntryPort, ServiceEntryResolution, ServiceEntrySpec } from '../spec/service-entry.ts'
import { isSubnet, isUnixAddress } from './addresses.ts'
import type { Context } from './context.ts'
import { checkExportTo } from './export-to.ts'
import { domainProblem, partialWildcardProblem, quote, wildcardDomainProblem } from './hosts.ts'
import { checkWorkloadSelector } from './labels.ts'
import { checkPort, portNameProblem } from './ports.ts'
import { isHttpProtocol, isTcpProtocol, isTlsProtocol, protocolProblem } from './protocols.ts'
import type { Report } from './report.ts'
import { checkEndpoint, type EndpointRules } from './workload-entry.ts'

/** What the schema of a ServiceEntry cannot tell (Istio `ValidateServiceEntry`). */
export function checkServiceEntry(spec: ServiceEntrySpec, context: Context): void {
  const { report, namespace } = context
  const { resolution = 'NONE' } = spec
  checkWorkloadSelector(spec.workloadSelector, 'spec.workloadSelector', report)
  if (spec.workloadSelector !== undefined && spec.endpoints !== undefined) {
    report.violation('spec.workloadSelector', 'cannot be given beside endpoints')
  }
  checkHosts(spec, resolution, report)
  checkAddresses(spec, resolution, report)
  checkPorts(spec, resolution, context)
  RESOLUTIONS[resolution](spec, report)
  checkSharedPorts(spec, resolution, report)
  checkExportTo(spec.exportTo, namespace, { allowNobody: true }, report)
}

function checkHosts({ hosts = [] }: ServiceEntrySpec, resolution: ServiceEntryResolution, report: Report): void {
  if (hosts.length === 0) report.violation('spec.hosts', 'needs at least one host')
  for (const [index, host] of hosts.entries()) {
    const at = item('spec.hosts', index)
    report.check(at, host === '*' ? 'must name hosts, not *' : wildcardDomainProblem(host))
    const partial = host === '*' || resolution === 'DYNAMIC_DNS' ? undefined : partialWildcardProblem(host)
    if (partial !== undefined) report.warning(at, partial)
  }
}

function checkAddresses(
  { addresses = [] }: ServiceEntrySpec,
  resolution: ServiceEntryResolution,
  report: Report,
): void {
  for (const [index, address] of addresses.entries()) {
    const at = item('spec.addresses', index)
    if (!isSubnet(address)) {
      report.violation(at, `${quote(address)} must be an IP address, or a subnet such as 10.0.0.0/8`)
    }
    if (address.includes('/') && resolution !== 'NONE' && resolution !== 'STATIC') {
      report.violation(at, `a subnet is only for resolution NONE or STATIC, not ${resolution}`)
    }
  }
}

function checkPorts(spec: ServiceEntrySpec, resolution: ServiceEntryResolution, { report }: Context): void {
  if ((spec.ports ?? []).length === 0)
    report.warning('spec.ports', 'are not there: calls of the hosts are answered 404')
  const names = new Set<string>()
  const numbers = new Set<number>()
  for (const [index, port] of (spec.ports ?? []).entries()) {
    const at = item('spec.ports', index)
    const { number, name = '', targetPort = 0, protocol } = port
    if (names.has(name)) report.violation(child(at, 'name'), `${quote(name)} is there twice`)
    if (numbers.has(number)) report.violation(child(at, 'number'), `${number} is there twice`)
    names.add(name)
    numbers.add(number)
    report.check(child(at, 'name'), portNameProblem(name))
    report.check(child(at, 'protocol'), protocolProblem(protocol))
    checkPort(number, child(at, 'number'), report)
    if (targetPort !== 0) checkPort(targetPort, child(at, 'targetPort'), report)
    if (needsAddress(port, spec, resolution)) {
      report.warning(at, 'needs addresses in the spec: connections without a host name are told apart by their address')
    }
  }
}

/** Without resolution Istio hands out no address by itself, and bare TCP has nothing else to go by. */
function needsAddress({ protocol = '' }: ServiceEntryPort, spec: ServiceEntrySpec, resolution: string): boolean {
  return resolution === 'NONE' && (spec.addresses ?? []).length === 0 && (protocol === '' || protocol === 'TCP')
}

/** What each way to find the endpoints asks for. */
const RESOLUTIONS: Readonly<Record<ServiceEntryResolution, (spec: ServiceEntrySpec, report: Report) => void>> = {
  NONE: ({ endpoints, workloadSelector }, report) => {
    if ((endpoints ?? []).length > 0) {
      report.violation('spec.endpoints', 'cannot be given with resolution NONE: write STATIC, or DNS for host names')
    }
    if (workloadSelector !== undefined) {
      report.warning('spec.workloadSelector', 'selects nothing with resolution NONE: write STATIC')
    }
  },
  STATIC: (spec, report) => {
    checkEndpoints(spec, { hostNames: false, unixSockets: true }, report)
    if ((spec.endpoints ?? []).length === 0 && spec.workloadSelector === undefined) {
      report.warning('spec.resolution', 'STATIC without endpoints and workloadSelector: calls are answered 503')
    }
    for (const [index, { address = '' }] of (spec.endpoints ?? []).entries()) {
      if (isUnixAddress(address) && (spec.ports ?? []).length !== 1) {
        report.violation(
          child(item('spec.endpoints', index), 'address'),
          'a unix socket needs exactly one port in spec.ports',
        )
      }
    }
  },
  DNS: checkDns,
  DNS_ROUND_ROBIN: (spec, report) => {
    checkDns(spec, report)
    if ((spec.endpoints ?? []).length > 1) {
      report.violation('spec.endpoints', 'must be at most one with resolution DNS_ROUND_ROBIN')
    }
  },
  DYNAMIC_DNS: checkDynamicDns,
}

function checkEndpoints(spec: ServiceEntrySpec, rules: EndpointRules, report: Report): void {
  const portNames = new Set((spec.ports ?? []).map(({ name }) => name))
  for (const [index, endpoint] of (spec.endpoints ?? []).entries()) {
    checkEndpoint(endpoint, { ...rules, portNames }, item('spec.endpoints', index), report)
  }
}

function checkDns(spec: ServiceEntrySpec, report: Report): void {
  const { hosts = [], addresses = [], ports = [], endpoints = [] } = spec
  checkEndpoints(spec, { hostNames: true, unixSockets: false }, report)
  const unresolvable =
    endpoints.length > 0 ? -1 : hosts.findIndex((host) => host !== '*' && domainProblem(host) !== undefined)
  if (unresolvable >= 0) {
    report.violation(
      item('spec.hosts', unresolvable),
      'cannot be looked up: give a name without wildcard, or endpoints',
    )
  }
  if (hosts.length > 1 && addresses.length > 0 && ports.some(({ protocol }) => isTcpProtocol(protocol))) {
    report.warning('spec.hosts', 'share their addresses, so that on a TCP port they cannot be told apart: keep one')
  }
}

const DYNAMIC_PROTOCOLS: readonly string[] = ['http', 'tls', 'grpc', 'http2']

function checkDynamicDns({ hosts = [], addresses, endpoints, ports = [] }: ServiceEntrySpec, report: Report): void {
  for (const [index, host] of hosts.entries()) {
    if (isWildcardHost(host)) continue
    report.violation(
      item('spec.hosts', index),
      'must be a wildcard with resolution DYNAMIC_DNS; for one name write DNS',
    )
  }
  for (const [name, given] of Object.entries({ addresses, endpoints })) {
    if ((given ?? []).length > 0) report.violation(child('spec', name), 'cannot be given with resolution DYNAMIC_DNS')
  }
  for (const [index, { protocol = '' }] of ports.entries()) {
    if (DYNAMIC_PROTOCOLS.includes(protocol.toLowerCase())) continue
    report.violation(
      child(item('spec.ports', index), 'protocol'),
      'must be HTTP, HTTP2, GRPC or TLS with resolution DYNAMIC_DNS: the host is read from the traffic',
    )
  }
}

/** Several hosts on one port are told apart by Host or SNI; other protocols have neither. */
function checkSharedPorts(spec: ServiceEntrySpec, resolution: ServiceEntryResolution, report: Report): void {
  if (resolution === 'NONE' || (spec.hosts ?? []).length < 2) return
  const bare = (spec.ports ?? []).findIndex(({ protocol }) => !isHttpProtocol(protocol) && !isTlsProtocol(protocol))
  if (bare < 0) return
  report.violation(
    child(item('spec.ports', bare), 'protocol'),
    'must be HTTP or TLS where there are several hosts, which nothing else tells apart: write a ServiceEntry for each host',
  )
}
