/** An alert by which the other end says that it takes no certificate like ours. RFC 8446 section 6.2. */
const REFUSED_CERTIFICATE =
  /^ERR_SSL_.*ALERT_(?:BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_|UNKNOWN_CA|ACCESS_DENIED|DECRYPT_ERROR|HANDSHAKE_FAILURE)/

/**
 * Whether an error says that the other end never took the handshake. With TLS 1.3 a client is done before its certificate has
 * been looked at: what it has sent by then was not read.
 */
export function isRefusedHandshake(code: string): boolean {
  return REFUSED_CERTIFICATE.test(code)
}
