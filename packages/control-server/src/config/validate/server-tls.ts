import { child, item } from '../field-path.ts'
import type { ServerTlsSettings } from '../spec/sidecar.ts'
import { quote } from './hosts.ts'
import type { Report } from './report.ts'
import { isSet } from './tls-settings.ts'

const CIPHER_SUITES: readonly string[] = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-RSA-AES256-SHA',
  'AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  'AES128-SHA',
  'AES256-SHA',
  'DES-CBC3-SHA',
]

const hasItems = (value: readonly unknown[] | undefined): boolean => value !== undefined && value.length > 0

/** The certificates and ciphers of a server (Istio `validateTLSOptions`), but for modes that a Sidecar does not take. */
export function checkServerTls(tls: ServerTlsSettings, field: string, report: Report): void {
  const { mode = 'PASSTHROUGH', minProtocolVersion, cipherSuites = [] } = tls
  if ((minProtocolVersion === 'TLSV1_0' || minProtocolVersion === 'TLSV1_1') && cipherSuites.length === 0) {
    report.warning(child(field, 'minProtocolVersion'), 'below TLSV1_2 needs cipherSuites that the version can use')
  }
  checkCipherSuites(cipherSuites, child(field, 'cipherSuites'), report)
  if (mode === 'PASSTHROUGH' && hasCertificate(tls)) {
    report.warning(child(field, 'mode'), 'PASSTHROUGH uses no certificates: those that are given are ignored')
  }
  if (mode === 'SIMPLE' || mode === 'MUTUAL' || mode === 'OPTIONAL_MUTUAL') checkTerminating(tls, mode, field, report)
  if (!isSet(tls.caCrl)) return
  if (mode === 'SIMPLE')
    report.violation(child(field, 'caCrl'), 'is of no use in mode SIMPLE: no client certificate is checked')
}

function hasCertificate(tls: ServerTlsSettings): boolean {
  return [tls.caCrl, tls.serverCertificate, tls.privateKey, tls.caCertificates, tls.credentialName].some(isSet)
}

function checkTerminating(tls: ServerTlsSettings, mode: string, field: string, report: Report): void {
  if (isSet(tls.credentialName) || hasItems(tls.credentialNames) || hasItems(tls.tlsCertificates)) return
  const needed = mode === 'SIMPLE' ? [] : (['caCertificates'] as const)
  for (const name of ['serverCertificate', 'privateKey', ...needed] as const) {
    if (!isSet(tls[name])) report.violation(child(field, name), `is required by mode ${mode}`)
  }
}

/** Expressions of OpenSSL, which begin with other characters than letters and digits, are let through. */
function checkCipherSuites(names: readonly string[], field: string, report: Report): void {
  const seen = new Set<string>()
  for (const [index, name] of names.entries()) {
    const at = item(field, index)
    const known = name === '' || name === 'ALL' || !/^[\p{L}\p{N}]/u.test(name) || CIPHER_SUITES.includes(name)
    if (!known) report.warning(at, `${quote(name)} is no cipher suite and is ignored`)
    else if (seen.has(name)) report.warning(at, `${quote(name)} is there twice`)
    seen.add(name)
  }
}
