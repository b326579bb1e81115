import type { X509Certificate } from 'node:crypto'
import path from 'node:path'
import { CaError } from './ca-error.ts'
import { OTHERS, readText } from './guarded-files.ts'
import { checkValidity, readCertificateFile, readIssuer } from './issuer-files.ts'
import { toPem } from './pem.ts'
import type { Issuer } from './x509-library.ts'

/** An operator's authority as it stands in its directory. */
export interface OperatorFiles {
  readonly issuer: Issuer
  /** PEM: what is sent between a leaf and the root. */
  readonly between: readonly string[]
  /** PEM, none twice, first the one that the issuer leads to. */
  readonly roots: readonly string[]
}

/**
 * Reads an intermediate under the names that Istio's plug-in certificates have (the Secret `cacerts`): `ca-cert.pem`,
 * `ca-key.pem`, `root-cert.pem` and, where it is there, `cert-chain.pem`. Rejects with a `CaError`.
 */
export async function readOperatorFiles(directory: string, wallNowMs: number): Promise<OperatorFiles> {
  const at = (file: string): string => path.join(directory, file)
  const certificate = at('ca-cert.pem')
  const issuer = await readIssuer({ certificate, key: at('ca-key.pem'), forbidden: OTHERS, wallNowMs })
  const roots = await readCertificateFile(at('root-cert.pem'))
  for (const root of roots) checkValidity(at('root-cert.pem'), root, wallNowMs)
  const hasChain = (await readText(at('cert-chain.pem'))) !== undefined
  const given = hasChain ? await readCertificateFile(at('cert-chain.pem')) : []
  const found = pathTo(roots, issuer.certificate, given)
  if (found === undefined) {
    throw new CaError(
      'WEFT_CA_INVALID',
      `${certificate} does not lead to ${at('root-cert.pem')}${hasChain ? ' over cert-chain.pem' : ''}: no peer would believe what it signs. Put together the files of one authority.`,
    )
  }
  return {
    issuer,
    between: found.between.map(toPem),
    roots: [...new Set([found.root, ...roots].map(toPem))],
  }
}

interface Path {
  /** What is between a leaf and the root, the signer first; empty where the signer is the root. */
  readonly between: readonly X509Certificate[]
  readonly root: X509Certificate
}

/** `undefined`: the signer leads to none of the roots. */
function pathTo(
  roots: readonly X509Certificate[],
  signer: X509Certificate,
  given: readonly X509Certificate[],
): Path | undefined {
  const chain: X509Certificate[] = []
  for (let at: X509Certificate | undefined = signer; at !== undefined; ) {
    const current: X509Certificate = at
    const itself = roots.find((root) => root.raw.equals(current.raw))
    if (itself !== undefined) return { between: chain, root: itself }
    chain.push(current)
    const root = roots.find((each) => isSignedBy(current, each))
    if (root !== undefined) return { between: chain, root }
    at = given.find((other) => !chain.includes(other) && isSignedBy(current, other))
  }
  return undefined
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}
