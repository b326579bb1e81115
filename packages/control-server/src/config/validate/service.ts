import { isIpAddress } from '@weft/mesh-protocol'
import { child, item } from '../field-path.ts'
import { isDnsLabel, isDnsSubdomain } from '../names.ts'
import type { ServicePortSpec, ServiceSpec } from '../spec/service.ts'
import { suggest } from '../suggest.ts'
import type { Context } from './context.ts'
import { quote } from './hosts.ts'
import { checkLabels } from './labels.ts'
import type { Report } from './report.ts'

/** What the schema of a Service cannot tell (Kubernetes `ValidateService`, as far as the mesh looks at it). */
export function checkService(spec: ServiceSpec, { report }: Context): void {
  const { ports = [], selector, type } = spec
  checkLabels(selector, 'spec.selector', report)
  if (ports.length === 0 && type !== 'ExternalName') report.violation('spec.ports', 'needs at least one port')
  checkPorts(ports, report)
  checkAddress(spec.clusterIP, 'spec.clusterIP', report)
  for (const [index, address] of (spec.clusterIPs ?? []).entries())
    checkAddress(address, item('spec.clusterIPs', index), report)
  if (type === 'ExternalName') report.check('spec.externalName', externalNameProblem(spec.externalName ?? ''))
  warnUnknown(spec, report)
}

function checkAddress(address: string | undefined, field: string, report: Report): void {
  if (address === undefined || address === '' || address === 'None' || isIpAddress(address)) return
  report.violation(field, `${quote(address)} must be an IP address or None`)
}

/** A DNS name, which may end with a dot. */
function externalNameProblem(name: string): string | undefined {
  if (name === '') return 'is required by type ExternalName'
  const known = name.endsWith('.') ? name.slice(0, -1) : name
  return isDnsSubdomain(known.toLowerCase()) ? undefined : `${quote(name)} is no DNS name`
}

/** Every field of Kubernetes' `ServiceSpec`. */
const FIELDS: readonly string[] = [
  'allocateLoadBalancerNodePorts',
  'clusterIP',
  'clusterIPs',
  'externalIPs',
  'externalName',
  'externalTrafficPolicy',
  'healthCheckNodePort',
  'internalTrafficPolicy',
  'ipFamilies',
  'ipFamilyPolicy',
  'loadBalancerClass',
  'loadBalancerIP',
  'loadBalancerSourceRanges',
  'ports',
  'publishNotReadyAddresses',
  'selector',
  'sessionAffinity',
  'sessionAffinityConfig',
  'trafficDistribution',
  'type',
]

/** Kubernetes may come to have more fields, so that they are no reason to refuse. */
function warnUnknown(spec: ServiceSpec, report: Report): void {
  for (const name of Object.keys(spec)) {
    if (FIELDS.includes(name)) continue
    const meant = suggest(name, FIELDS)
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`
    report.warning(child('spec', name), `is not a field of a Service and has no effect${hint}`)
  }
}

/** The name of a container's port: IANA service name. */
function isPortName(name: string): boolean {
  return name.length <= 15 && /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name) && /[a-z]/.test(name)
}

function checkPorts(ports: readonly ServicePortSpec[], report: Report): void {
  const names = new Set<string>()
  const numbers = new Set<string>()
  for (const [index, { name = '', port, targetPort, protocol = 'TCP' }] of ports.entries()) {
    const at = item('spec.ports', index)
    if (name === '' && ports.length > 1)
      report.violation(child(at, 'name'), 'is required where there are several ports')
    else if (name !== '') report.check(child(at, 'name'), portNameProblem(name, names))
    names.add(name)
    const key = `${protocol}/${port}`
    if (numbers.has(key)) report.violation(child(at, 'port'), `${port} is there twice for ${protocol}`)
    numbers.add(key)
    if (typeof targetPort === 'string' && !isPortName(targetPort)) {
      report.violation(
        child(at, 'targetPort'),
        `${quote(targetPort)} must be a port number, or the name of a workload's port`,
      )
    }
  }
}

function portNameProblem(name: string, taken: ReadonlySet<string>): string | undefined {
  if (taken.has(name)) return `${quote(name)} is there twice`
  return isDnsLabel(name) ? undefined : `${quote(name)} must be lower-case letters, digits and '-', at most 63 of them`
}
