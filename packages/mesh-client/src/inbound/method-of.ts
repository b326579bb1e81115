import type { InboundHeaders } from './exchange.ts'

/**
 * The method that policies look at. A CONNECT of HTTP/2 that names a protocol asks for a path, as the upgrade of HTTP/1.1 does,
 * which is a GET. RFC 8441 section 4, Envoy `http/utility.cc` `transformUpgradeRequestFromH2toH1`.
 */
export function methodOf(method: string, headers: InboundHeaders): string {
  return method === 'CONNECT' && headers[':protocol'] !== undefined ? 'GET' : method
}
