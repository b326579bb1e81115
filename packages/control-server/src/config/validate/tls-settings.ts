import { child } from '../field-path.ts'
import type { ClientTlsSettings } from '../spec/destination-rule.ts'
import { quote } from './hosts.ts'
import type { Report } from './report.ts'

const CONFIG_MAP = 'configmap://'

export const isSet = (value: string | undefined): boolean => value !== undefined && value !== ''

/** How the client speaks TLS (Istio `ValidateTLS`). */
export function checkTlsSettings(
  tls: ClientTlsSettings | undefined,
  namespace: string,
  field: string,
  report: Report,
): void {
  if (tls === undefined) return
  const { mode = 'DISABLE', credentialName } = tls
  report.check(child(field, 'credentialName'), configMapProblem(credentialName ?? '', namespace))
  checkSkipVerify(tls, field, report)
  if (mode !== 'SIMPLE' && mode !== 'MUTUAL') return
  if (isSet(credentialName)) {
    for (const name of ['clientCertificate', 'privateKey', 'caCertificates', 'caCrl'] as const) {
      if (isSet(tls[name]))
        report.violation(child(field, name), 'cannot be given beside credentialName, which names them all')
    }
    return
  }
  if (mode === 'SIMPLE') return
  for (const name of ['clientCertificate', 'privateKey'] as const) {
    if (!isSet(tls[name])) report.violation(child(field, name), 'is required by mode MUTUAL without a credentialName')
  }
}

function configMapProblem(credentialName: string, namespace: string): string | undefined {
  if (!credentialName.startsWith(CONFIG_MAP)) return undefined
  const [owner = '', name = ''] = credentialName.slice(CONFIG_MAP.length).split('/')
  if (owner === '' || name === '') return `${quote(credentialName)} must have the form ${CONFIG_MAP}namespace/name`
  return owner === namespace
    ? undefined
    : `must be a config map of the rule's own namespace ${namespace}, not of ${quote(owner)}`
}

function checkSkipVerify(tls: ClientTlsSettings, field: string, report: Report): void {
  if (tls.insecureSkipVerify !== true || (tls.mode !== 'SIMPLE' && tls.mode !== 'MUTUAL')) return
  const verifies: readonly (readonly [string, boolean])[] = [
    ['caCertificates', isSet(tls.caCertificates)],
    ['credentialName', tls.mode === 'SIMPLE' && isSet(tls.credentialName)],
    ['subjectAltNames', (tls.subjectAltNames ?? []).length > 0],
  ]
  for (const [name, given] of verifies) {
    if (given) report.violation(child(field, name), 'cannot be given where insecureSkipVerify is true')
  }
}
