import type { X509Certificate } from 'node:crypto'
import path from 'node:path'
import { CaError } from './ca-error.ts'
import { OTHERS, readText } from './guarded-files.ts'
import { checkValidity, readCertificateFile, readIssuer } from './issuer-files.ts'
import { toPem } from './pem.ts'
import type { Signer } from './signer.ts'
import { type Issuer, signLeaf } from './x509-library.ts'

/**
 * Signs with an intermediate that the operator has put into a directory, under the names that Istio's plug-in certificates
 * have (the Secret `cacerts`): `ca-cert.pem`, `ca-key.pem`, `root-cert.pem` and, where it is there, `cert-chain.pem`.
 */
export async function openOperatorSigner(directory: string, wallNowMs: number): Promise<Signer> {
  const at = (file: string): string => path.join(directory, file)
  const certificate = at('ca-cert.pem')
  const issuer = await readIssuer({ certificate, key: at('ca-key.pem'), forbidden: OTHERS, wallNowMs })
  const roots = await readCertificateFile(at('root-cert.pem'))
  for (const root of roots) checkValidity(at('root-cert.pem'), root, wallNowMs)
  const hasChain = (await readText(at('cert-chain.pem'))) !== undefined
  const given = hasChain ? await readCertificateFile(at('cert-chain.pem')) : []
  const chain = chainTo(roots, issuer.certificate, given)
  if (chain === undefined) {
    throw new CaError(
      'WEFT_CA_INVALID',
      `${certificate} does not lead to ${at('root-cert.pem')}${hasChain ? ' over cert-chain.pem' : ''}: no peer would believe what it signs. Put together the files of one authority.`,
    )
  }
  return signerOf(directory, issuer, chain, roots)
}

function signerOf(
  directory: string,
  issuer: Issuer,
  chain: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): Signer {
  const between = chain.map(toPem)
  const believed = [...new Set(roots.map(toPem))]
  return {
    description: `the authority in ${directory}`,
    sign: async (template) => [toPem(await signLeaf(template, issuer)), ...between],
    roots: () => believed,
    subscribe: () => () => undefined,
    close: () => undefined,
  }
}

/** What is between a leaf and a root, the signer first; empty where the signer is a root; `undefined` where it leads to none. */
function chainTo(
  roots: readonly X509Certificate[],
  signer: X509Certificate,
  given: readonly X509Certificate[],
): readonly X509Certificate[] | undefined {
  const chain: X509Certificate[] = []
  for (let at: X509Certificate | undefined = signer; at !== undefined; ) {
    const current: X509Certificate = at
    if (roots.some((root) => root.raw.equals(current.raw))) return chain
    chain.push(current)
    if (roots.some((root) => isSignedBy(current, root))) return chain
    at = given.find((other) => !chain.includes(other) && isSignedBy(current, other))
  }
  return undefined
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}
