import { isIpAddress } from '@weft/mesh-protocol'
import { child, item } from '../field-path.ts'
import type { IstioIngressListener, ServerTlsSettings } from '../spec/sidecar.ts'
import { isUnixAddress, unixAddressProblem } from './addresses.ts'
import { checkConnectionPool } from './connection-pool.ts'
import { quote } from './hosts.ts'
import { checkPort } from './ports.ts'
import { isHttpProtocol, isTlsProtocol } from './protocols.ts'
import type { Report } from './report.ts'
import { checkServerTls } from './server-tls.ts'
import { checkSidecarPort } from './sidecar-egress.ts'

/** The ingress listeners of a Sidecar. */
export function checkIngress(listeners: readonly IstioIngressListener[], report: Report): void {
  const numbers = new Set<number>()
  for (const [index, listener] of listeners.entries()) {
    const at = item('spec.ingress', index)
    const { port, bind = '', defaultEndpoint = '', tls, connectionPool } = listener
    if (port === undefined) {
      report.violation(child(at, 'port'), 'is required')
      continue
    }
    const { number = 0, protocol } = port
    checkSidecarPort(port, child(at, 'port'), report)
    checkPort(number, child(at, 'port.number'), report)
    if (numbers.has(number)) report.violation(child(at, 'port.number'), `${number} is there twice`)
    numbers.add(number)
    if (bind !== '' && !isIpAddress(bind)) report.violation(child(at, 'bind'), `${quote(bind)} must be an IP address`)
    if (defaultEndpoint !== '') report.check(child(at, 'defaultEndpoint'), endpointProblem(defaultEndpoint))
    if (tls !== undefined) checkIngressTls(tls, protocol, child(at, 'tls'), report)
    checkConnectionPool(connectionPool, child(at, 'connectionPool'), report)
    if (connectionPool?.http !== undefined && !isHttpProtocol(protocol)) {
      report.warning(child(at, 'connectionPool.http'), 'has no effect, as the protocol of the port is not HTTP')
    }
  }
}

const LOCAL_HOSTS: readonly string[] = ['', '127.0.0.1', '0.0.0.0', '::1', '::']
const FORM = 'must be 127.0.0.1:port, [::1]:port, 0.0.0.0:port, [::]:port or a unix:// address'

/** `host:port` with an IPv6 address in brackets (Go `net.SplitHostPort`). */
function endpointProblem(text: string): string | undefined {
  if (isUnixAddress(text)) return unixAddressProblem(text)
  const [, bracketed, plain = bracketed, port = ''] = /^(?:\[([^\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(text) ?? []
  const valid = plain !== undefined && LOCAL_HOSTS.includes(plain) && /^\d{1,5}$/.test(port)
  return valid && Number(port) >= 1 && Number(port) <= 65535 ? undefined : `${quote(text)} ${FORM}`
}

/** What a server of a gateway may have and an ingress listener may not. */
const UNSUPPORTED = [
  'subjectAltNames',
  'httpsRedirect',
  'credentialName',
  'credentialNames',
  'tlsCertificates',
] as const satisfies readonly (keyof ServerTlsSettings)[]

function checkIngressTls(tls: ServerTlsSettings, protocol: string | undefined, field: string, report: Report): void {
  for (const name of UNSUPPORTED) {
    const value = tls[name]
    const isGiven = Array.isArray(value) ? value.length > 0 : Boolean(value)
    if (isGiven) report.violation(child(field, name), 'is not supported in a Sidecar')
  }
  if (tls.mode === 'ISTIO_MUTUAL' || tls.mode === 'AUTO_PASSTHROUGH') {
    report.violation(child(field, 'mode'), `must not be ${tls.mode} in a Sidecar`)
  }
  if (!isTlsProtocol(protocol)) report.violation(field, 'needs a port whose protocol is HTTPS or TLS')
  checkServerTls(tls, field, report)
}
