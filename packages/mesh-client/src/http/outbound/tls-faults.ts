import { localFault } from './transport-errors.ts'

/** This process cannot do mutual TLS: no fault of the endpoint. */
export function noIdentityFault(address: string, reason: Error): Error {
  return localFault(
    `no mutual TLS with ${address}: ${reason.message}`,
    Object.assign(reason, { code: 'WEFT_NO_IDENTITY' }),
  )
}

/** Reasons that OpenSSL gives in words of its own, in ours. */
const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [/WRONG_VERSION_NUMBER|PACKET_LENGTH|HTTP_REQUEST/, 'it does not speak TLS'],
  [/CERT_HAS_EXPIRED/, 'its certificate has expired'],
  [/CERT_NOT_YET_VALID/, 'its certificate is not valid yet'],
  [/SELF_SIGNED/, 'its certificate is signed by nobody of this mesh'],
  [
    /UNABLE_TO_|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE|CERTIFICATE_VERIFY_FAILED/,
    'its certificate leads to no root of this mesh',
  ],
  [/ECONNRESET|EPIPE/, 'it broke the handshake off'],
  [/ALERT_NO_APPLICATION_PROTOCOL/, 'it does not speak what is asked for (ALPN)'],
  [/ALERT_PROTOCOL_VERSION/, 'it speaks no version of TLS from 1.2 on'],
  [/ALERT/, 'it refused the certificate of this process'],
]

/** A handshake with an endpoint that failed; a connection that was never made stays what it is. The code stays. */
export function handshakeFault(address: string, cause: Error): Error {
  const code = codeOf(cause)
  if (NO_CONNECTION.has(code)) return cause
  const meaning = MEANINGS.find(([pattern]) => pattern.test(code))?.[1]
  const reason = meaning === undefined ? cause.message : `${meaning} (${code})`
  return Object.assign(new Error(`the mutual TLS handshake with ${address} failed: ${reason}`, { cause }), { code })
}

const NO_CONNECTION: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
])

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}
