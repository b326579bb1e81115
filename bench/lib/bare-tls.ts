import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'

/** What a bare process speaks mutual TLS with, in its environment: the same certificate, roots, ciphers and versions as the mesh. */
export function tlsEnvironment(tls: SecureContextOptions): { readonly BENCH_TLS: string } {
  return { BENCH_TLS: JSON.stringify(tls) }
}

function given(): SecureContextOptions | undefined {
  const { BENCH_TLS } = process.env
  return BENCH_TLS === undefined ? undefined : (JSON.parse(BENCH_TLS) as SecureContextOptions)
}

/** A context made once. Identities of the mesh are no host names, and nothing is resumed, as in the mesh. */
export interface ClientTls {
  readonly secureContext: SecureContext
  readonly servername: string
  readonly checkServerIdentity: () => undefined
  readonly maxCachedSessions: 0
}

/** What a bare client connects with; absent: plaintext. */
export function clientTls(tls: SecureContextOptions | undefined = given()): ClientTls | undefined {
  if (tls === undefined) return undefined
  const secureContext = createSecureContext(tls)
  return { secureContext, servername: 'bench.test', checkServerIdentity: () => undefined, maxCachedSessions: 0 }
}

/** What a bare server is made with; absent: plaintext. */
export function serverTls(): (SecureContextOptions & { readonly requestCert: true }) | undefined {
  const tls = given()
  return tls === undefined ? undefined : { ...tls, requestCert: true }
}
