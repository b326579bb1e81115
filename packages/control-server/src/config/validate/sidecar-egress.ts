import { isIpAddress } from '@weft/mesh-protocol'
import { child, item } from '../field-path.ts'
import { isIstioLabel } from '../names.ts'
import type { IstioEgressListener, SidecarPort } from '../spec/sidecar.ts'
import { isUnixAddress, unixAddressProblem } from './addresses.ts'
import { partialWildcardProblem, quote, wildcardDomainProblem } from './hosts.ts'
import { checkPort, portNameProblem } from './ports.ts'
import { protocolProblem } from './protocols.ts'
import type { Report } from './report.ts'

/** The egress listeners of a Sidecar: which hosts can be reached, on which port. */
export function checkEgress(listeners: readonly IstioEgressListener[], namespace: string, report: Report): void {
  const taken = new Set<string>()
  for (const [index, listener] of listeners.entries()) {
    const at = item('spec.egress', index)
    if (listener.port === undefined) {
      if (index < listeners.length - 1)
        report.violation(at, 'without a port takes all the others: it must be the last one')
    } else checkListenerPort(listener, listener.port, at, taken, report)
    checkEgressHosts(listener.hosts, namespace, child(at, 'hosts'), report)
  }
}

/** What the ports of ingress and egress listeners have in common. */
export function checkSidecarPort(
  { name = '', protocol, targetPort = 0 }: SidecarPort,
  field: string,
  report: Report,
): void {
  if (targetPort > 0) report.violation(child(field, 'targetPort'), 'has no meaning in a Sidecar: leave it out')
  if (name !== '') report.check(child(field, 'name'), portNameProblem(name))
  report.check(child(field, 'protocol'), protocolProblem(protocol))
}

function checkListenerPort(
  { bind = '', captureMode = 'DEFAULT' }: IstioEgressListener,
  port: SidecarPort,
  field: string,
  taken: Set<string>,
  report: Report,
): void {
  const { number = 0 } = port
  checkSidecarPort(port, child(field, 'port'), report)
  if (number === 0) {
    report.check(child(field, 'bind'), socketProblem(bind))
    if (captureMode === 'IPTABLES')
      report.violation(child(field, 'captureMode'), 'must be DEFAULT or NONE for a unix socket')
  } else {
    checkPort(number, child(field, 'port.number'), report)
    if (bind !== '' && !isIpAddress(bind))
      report.violation(child(field, 'bind'), `${quote(bind)} must be an IP address`)
  }
  const key = number === 0 ? bind : String(number)
  if (taken.has(key)) report.violation(field, `listens on ${key}, as a listener before it does`)
  taken.add(key)
}

function socketProblem(bind: string): string | undefined {
  return isUnixAddress(bind) ? unixAddressProblem(bind) : 'must be a unix:// address where the port has no number'
}

function checkEgressHosts(
  hosts: readonly string[] | undefined,
  namespace: string,
  field: string,
  report: Report,
): void {
  if (hosts === undefined || hosts.length === 0) report.violation(field, 'needs at least one host')
  const seen = new Map<string, Set<string>>()
  for (const [index, text] of (hosts ?? []).entries()) {
    const at = item(field, index)
    report.check(at, egressHostProblem(text))
    const slash = text.indexOf('/')
    if (slash < 0 || text.startsWith('~')) continue
    const owner = text.slice(0, slash) === '.' ? namespace : text.slice(0, slash)
    const host = text.slice(slash + 1)
    const known = seen.get(owner) ?? new Set<string>()
    seen.set(owner, known)
    const repeated = host === '*' ? known.size > 0 : known.has(host) || known.has('*')
    if (repeated) report.warning(at, `${quote(text)} adds nothing: another host of ${quote(owner)} is or covers it`)
    known.add(host)
  }
  if (seen.get('*')?.has('*') === true && seen.size > 1)
    report.warning(field, '"*/*" already takes every host: give it alone')
}

/** Istio `ValidateNamespaceSlashWildcardHostname`; a namespace after `~` is left out, in `~/…` every one. */
function egressHostProblem(text: string): string | undefined {
  const slash = text.indexOf('/')
  const namespace = text.slice(0, slash)
  const host = text.slice(slash + 1)
  if (slash <= 0 || host === '')
    return `${quote(text)} must have the form namespace/host, such as ./* or */*.example.com`
  const owner = namespace.replace(/^~/, '')
  if (!['', '*', '.'].includes(owner) && !isIstioLabel(owner)) {
    return `${quote(namespace)} must be a namespace, "." (own), "*" (any) or "~" (none)`
  }
  if (host !== '*' && !host.includes('.'))
    return `${quote(host)} must be a full host name: short names are not taken here`
  return wildcardDomainProblem(host) ?? partialWildcardProblem(host)
}
