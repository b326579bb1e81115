import { child, item } from '../field-path.ts'
import type { HttpHealthCheckSpec, ReadinessProbeSpec, WorkloadGroupSpec } from '../spec/workload-group.ts'
import { isUnixAddress, unixAddressProblem } from './addresses.ts'
import { checkOneOf } from './choices.ts'
import type { Context } from './context.ts'
import { quote } from './hosts.ts'
import { checkLabels } from './labels.ts'
import { checkPort } from './ports.ts'
import type { Report } from './report.ts'
import { checkEndpointPorts } from './workload-entry.ts'

const METHODS = ['httpGet', 'tcpSocket', 'exec', 'grpc'] as const

/** What the schema of a WorkloadGroup cannot tell (Istio `ValidateWorkloadGroup`): a template needs no address yet. */
export function checkWorkloadGroup({ metadata, template = {}, probe }: WorkloadGroupSpec, { report }: Context): void {
  checkLabels(metadata?.labels, 'spec.metadata.labels', report)
  const { address = '' } = template
  if (isUnixAddress(address)) report.check('spec.template.address', unixAddressProblem(address))
  checkEndpointPorts(template, undefined, 'spec.template.ports', report)
  if (probe !== undefined) checkProbe(probe, 'spec.probe', report)
}

function checkProbe(probe: ReadinessProbeSpec, field: string, report: Report): void {
  checkOneOf(probe, METHODS, field, report)
  if (METHODS.every((name) => probe[name] === undefined)) report.violation(field, `needs one of ${METHODS.join(', ')}`)
  const { httpGet, tcpSocket, exec, grpc } = probe
  if (httpGet !== undefined) checkHttpGet(httpGet, child(field, 'httpGet'), report)
  if (tcpSocket !== undefined) checkPort(tcpSocket.port ?? 0, child(field, 'tcpSocket.port'), report)
  if (grpc?.port !== undefined) checkPort(grpc.port, child(field, 'grpc.port'), report)
  if (exec === undefined) return
  const { command = [] } = exec
  if (command.length === 0) report.violation(child(field, 'exec.command'), 'needs a program to run')
  for (const [index, word] of command.entries()) {
    if (word === '') report.violation(item(child(field, 'exec.command'), index), 'must not be empty')
  }
}

function checkHttpGet(
  { port, scheme = '', httpHeaders = [] }: HttpHealthCheckSpec,
  field: string,
  report: Report,
): void {
  checkPort(port ?? 0, child(field, 'port'), report)
  if (!['', 'HTTP', 'HTTPS'].includes(scheme)) {
    report.violation(child(field, 'scheme'), `must be HTTP or HTTPS, not ${quote(scheme)}`)
  }
  for (const [index, { name = '' }] of httpHeaders.entries()) {
    if (/^[-A-Za-z0-9]+$/.test(name)) continue
    report.violation(
      child(item(child(field, 'httpHeaders'), index), 'name'),
      `${quote(name)} is no header name for a probe: letters, digits and '-'`,
    )
  }
}
