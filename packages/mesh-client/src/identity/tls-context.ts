import { constants } from 'node:crypto'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import type { Identity } from './identity.ts'

/** Longest time a handshake may take. Node's own default is 120 s, long enough for a slow client to hold many sockets. */
export const HANDSHAKE_TIMEOUT_MS = 10_000

/**
 * AEAD ciphers with forward secrecy, of TLS 1.3 and of 1.2. Istio `pilot/pkg/security/model` and Mozilla "intermediate", without
 * what an ECDSA mesh never uses.
 */
const CIPHERS: string = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/**
 * What both ends of mutual TLS are set to by an identity. No tickets: a resumed session would pass for the identity that began
 * it, without a look at the certificate of now.
 */
export function tlsOptionsOf({ certificateChain, privateKey, trust }: Identity): SecureContextOptions {
  return {
    cert: certificateChain,
    key: privateKey,
    ca: [...trust.certificates],
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    secureOptions: constants.SSL_OP_NO_TICKET,
  }
}

/** The context of the identity of now, made once a generation. */
export class ClientContexts {
  #generation = -1
  #context: SecureContext | undefined

  of(identity: Identity): SecureContext {
    if (this.#context === undefined || this.#generation !== identity.generation) {
      this.#context = createSecureContext(tlsOptionsOf(identity))
      this.#generation = identity.generation
    }
    return this.#context
  }
}
