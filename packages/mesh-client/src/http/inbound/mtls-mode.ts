import { DEFAULT_MTLS_MODE, type InboundPolicy, type MtlsMode } from '@weft/mesh-protocol'
import type { IdentityState } from '../../identity/identity.ts'

/** What a port takes at a moment; `UNDECIDED`: nothing may be served before the first policy says what. */
export type PortMode = MtlsMode | 'UNDECIDED'

/**
 * The mode of a port. A process without a way to an identity has no TLS to offer: it takes plaintext, or under STRICT nothing.
 *
 * @param port the workload's, as policies name it
 */
export function portMode(policy: InboundPolicy | undefined, port: number, state: IdentityState): PortMode {
  if (policy === undefined) return state === 'off' ? 'DISABLE' : 'UNDECIDED'
  const { mode = DEFAULT_MTLS_MODE, ports } = policy.peerAuthentication ?? {}
  const said = ports?.[port] ?? mode
  return state === 'off' && said === 'PERMISSIVE' ? 'DISABLE' : said
}
