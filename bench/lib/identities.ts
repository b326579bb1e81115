import { createKeyWithRequest } from '../../packages/mesh-client/src/identity/certificate-signing-request.ts'
import { readCertificateResponse } from '../../packages/mesh-client/src/identity/svid.ts'
import { tlsOptionsOf } from '../../packages/mesh-client/src/identity/tls-context.ts'
import type { Control } from './control.ts'

/** Has every workload take mutual TLS only. */
export const STRICT: object = {
  apiVersion: 'security.istio.io/v1',
  kind: 'PeerAuthentication',
  metadata: { name: 'default', namespace: 'istio-system' },
  spec: { mtls: { mode: 'STRICT' } },
}

/** A join token for processes of the account `default`. */
export async function joinToken(control: Control): Promise<string> {
  return ((await control.post('/v1/tokens', { namespace: 'default', serviceAccount: 'default' })) as { token: string })
    .token
}

/** What Node's TLS is set to by an identity of the mesh. */
export type BareTls = ReturnType<typeof tlsOptionsOf>

/** A certificate of the mesh with what it is used with, for those who speak mutual TLS without the mesh. */
export async function bareTls(control: Control): Promise<BareTls> {
  const { privateKey, csr } = await createKeyWithRequest()
  const response = await fetch(`${control.url}/v1/certificates`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${await joinToken(control)}` },
    body: JSON.stringify({ csr, workloadId: `bare-${process.pid}` }),
  })
  const svid = readCertificateResponse(await response.json(), privateKey)
  if (!svid.ok) throw new Error(`no certificate: ${svid.error}`)
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  return tlsOptionsOf({ ...svid.value, generation: 1, privateKey: pem, expiresAt: Number.POSITIVE_INFINITY })
}
