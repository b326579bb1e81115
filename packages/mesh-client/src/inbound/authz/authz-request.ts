import type { VerifiedToken } from '../exchange.ts'
import type { IpAddress } from './ip-address.ts'

/** What conditions look at. What is not there is `undefined`: no condition on it holds, and every negation does. */
export interface AuthzRequest {
  /** `spiffe://…` of the verified certificate. */
  readonly peerUri: string | undefined
  readonly directRemoteIp: IpAddress | undefined
  readonly remoteIp: IpAddress | undefined
  readonly destinationIp: IpAddress | undefined
  readonly destinationPort: number
  readonly sni: string | undefined
  /** Without query and fragment. */
  readonly path: string | undefined
  readonly token: VerifiedToken | undefined
  /** @param name lower case; `:method` and `:authority` are among them */
  header(name: string): string | undefined
}

/** Whether something holds of a request. */
export type RequestTest = (request: AuthzRequest) => boolean
