import type { ConfigResource } from '../../packages/control-server/src/config/resource.ts'
import { readVectors } from '../support/vectors.ts'

/** A workload with policies, a request to it, and what becomes of that. */
export interface AuthorizationRow {
  readonly id: string
  readonly title: string
  readonly workload: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> }
  readonly policies: readonly ConfigResource[]
  /** By name, the providers that there are and what they say. */
  readonly extAuthz?: Readonly<Record<string, 'allow' | 'deny'>>
  readonly request: AuthorizationRequest
  readonly expect: 'allow' | 'deny'
}

export interface AuthorizationRequest {
  readonly protocol: 'http' | 'tcp' | 'grpc'
  readonly port: number
  readonly path?: string
  readonly method?: string
  readonly host?: string
  /** As the connection proves it; null and nothing: plaintext. */
  readonly principal?: string | null
  readonly headers?: Readonly<Record<string, string>>
  readonly sourceIp?: string
  readonly remoteIp?: string
  readonly destinationIp?: string
  /** Name of the token that is sent. */
  readonly jwtToken?: string | null
  /** What is in it. */
  readonly jwt?: Readonly<Record<string, unknown>> | null
  readonly spaceDelimitedClaims?: readonly string[]
}

export function readAuthorizationRows(): readonly AuthorizationRow[] | undefined {
  return readVectors<readonly AuthorizationRow[]>('istio/authorization.json')
}
