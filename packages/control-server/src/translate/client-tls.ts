import type { ClientTls } from '@weft/mesh-protocol'
import type { ClientTlsSettings } from '../config/spec/destination-rule.ts'

/** The settings that are passed on as they are written. */
const SAME = ['sni', 'caCertificates', 'clientCertificate', 'privateKey', 'caCrl'] as const

/**
 * TLS that the client starts (Istio `ClientTLSSettings`). ISTIO_MUTUAL, which takes the mesh's own certificates, is another matter.
 *
 * @param serviceNames what a ServiceEntry says that the server's certificate names; the rule's own list goes before it
 */
export function clientTls(
  settings: ClientTlsSettings | undefined,
  serviceNames: readonly string[] | undefined,
): ClientTls | undefined {
  if (settings?.mode !== 'SIMPLE' && settings?.mode !== 'MUTUAL') return undefined
  const { mode, insecureSkipVerify } = settings
  const names = [settings.subjectAltNames, serviceNames].find((list) => list !== undefined && list.length > 0)
  const given = SAME.filter((field) => settings[field] !== undefined && settings[field] !== '')
  return {
    mode,
    ...Object.fromEntries(given.map((field) => [field, settings[field]])),
    ...(names === undefined ? {} : { subjectAltNames: names }),
    ...(insecureSkipVerify === true ? { insecureSkipVerify } : {}),
  }
}
