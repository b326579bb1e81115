import { generateKeyPairSync } from 'node:crypto'
import { isIP } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { CONTROL_SERVER_SERVICE_ACCOUNT, DEFAULT_CERTIFICATE_TTL_MS, ROOT_NAMESPACE } from '@weft/mesh-protocol'
import type { CertificateAuthority } from './authority.ts'

/** What the API shows who connects. */
export interface ServerCertificate {
  /** PEM, the leaf first, the root last: whoever pins the root takes it from here. */
  readonly chain: string
  /** PKCS#8, PEM. Made here, kept nowhere else. */
  readonly key: string
  /** PEM: whose clients are believed. */
  readonly trust: readonly string[]
  /** Milliseconds since 1970. */
  readonly endsAtMs: number
}

/** A new key with a certificate of the oldest root for the API. `names` are DNS names and addresses besides those of this machine. */
export async function makeServerCertificate(
  authority: CertificateAuthority,
  names: readonly string[],
): Promise<ServerCertificate> {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const all = [...new Set([...namesOfThisMachine(), ...names])]
  const { leaf, chain } = await authority.issue(
    {
      publicKey: pair.publicKey,
      uri: authority.spiffeId({ namespace: ROOT_NAMESPACE, serviceAccount: CONTROL_SERVER_SERVICE_ACCOUNT }),
      dnsNames: all.filter((name) => isIP(name) === 0),
      ipAddresses: all.filter((name) => isIP(name) !== 0),
      byOldestRoot: true,
    },
    DEFAULT_CERTIFICATE_TTL_MS,
  )
  const trust = (await authority.ready()).roots()
  return {
    chain: [...chain, trust[0] as string].join(''),
    key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    trust,
    endsAtMs: leaf.validToDate.getTime(),
  }
}

function namesOfThisMachine(): readonly string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  // A link-local address is only one together with an interface, which a certificate cannot say.
  const reachable = addresses.filter(({ address }) => !address.toLowerCase().startsWith('fe80:'))
  return ['localhost', hostname(), '127.0.0.1', '::1', ...reachable.map(({ address }) => address)]
}
