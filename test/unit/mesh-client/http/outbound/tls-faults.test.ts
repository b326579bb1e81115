import { expect, test } from 'vitest'
import { handshakeFault } from '../../../../../packages/mesh-client/src/http/outbound/tls-faults.ts'

test.each([
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'it does not speak TLS'],
  ['CERT_HAS_EXPIRED', 'its certificate has expired'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'its certificate leads to no root of this mesh'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'it refused the certificate of this process'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'it refused the certificate of this process'],
  ['ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL', 'it does not speak what is asked for (ALPN)'],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'it speaks no version of TLS from 1.2 on'],
  ['ECONNRESET', 'it broke the handshake off'],
])('%s says that %s', (code, meaning) => {
  const error = handshakeFault('10.0.0.1:80', Object.assign(new Error('in words of OpenSSL'), { code }))
  expect(error.message).toBe(`the mutual TLS handshake with 10.0.0.1:80 failed: ${meaning} (${code})`)
  expect(error).toMatchObject({ code })
})

test('a connection that was never made stays what it is', () => {
  const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
  expect(handshakeFault('10.0.0.1:80', refused)).toBe(refused)
})
