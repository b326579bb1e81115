import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { createMesh, type Mesh } from '@weft/mesh-client'
import type { Town } from './town.ts'

/** The demo as a workload of its own, whose key and certificate are in files for curl and openssl to use. */
export async function joinAsDemo(town: Town): Promise<Mesh> {
  const token = await town.api.joinToken('demo', 'demo')
  const mesh = createMesh({
    control: town.controlUrl,
    token,
    service: 'demo',
    serviceAccount: 'demo',
    identityDir: town.identityDir,
  })
  await mesh.ready({ timeoutMs: 20_000 })
  return mesh
}

/** What was kept of it, PEM. */
export async function ownCertificate({ identityDir }: Town): Promise<{ readonly cert: string; readonly key: string }> {
  const read = (name: string): Promise<string> => readFile(path.join(identityDir, name), 'utf8')
  return { cert: await read('cert-chain.pem'), key: await read('key.pem') }
}
