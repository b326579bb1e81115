import { generateKeyPairSync } from 'node:crypto'
import type { ControlServer } from '@weft/control-server'
import type { CertificateResponse } from '@weft/mesh-protocol'
import { keyPem, requestOf } from './certificate-requests.ts'

/** What a client without the library needs to speak mutual TLS; PEM. */
export interface BareIdentity {
  readonly cert: string
  readonly key: string
  readonly ca: readonly string[]
}

/** Joins as a service account and has a certificate made, as `curl --cert` would use it. The server asks nobody else who he is. */
export async function bareIdentity(
  control: ControlServer,
  namespace: string,
  serviceAccount: string,
): Promise<BareIdentity> {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const token = await control.createToken({ namespace, serviceAccount })
  const response = await fetch(`${control.url}/v1/certificates`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ csr: requestOf({ keys }), workloadId: `bare-${namespace}-${serviceAccount}` }),
  })
  if (!response.ok) throw new Error(`no certificate: ${response.status} ${await response.text()}`)
  const { certificateChain, trustBundle } = (await response.json()) as CertificateResponse
  return { cert: certificateChain.join(''), key: keyPem(keys.privateKey), ca: trustBundle }
}
