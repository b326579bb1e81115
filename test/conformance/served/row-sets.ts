import { readVectors } from '../../support/vectors.ts'
import type { AuthorizationRequest, AuthorizationRow } from '../authorization-row.ts'

/** Rows for which the same resources and settings of the mesh hold; they are applied once. */
export interface RowSet {
  readonly resources: readonly StoredResource[]
  /** Providers that are asked, and what they say. */
  readonly extAuthz: Readonly<Record<string, 'allow' | 'deny'>>
  /** Proxies before the workload that are believed about the client's address. */
  readonly numTrustedProxies: number
  readonly rows: readonly AuthorizationRow[]
}

export interface StoredResource {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly spec: object
}

/** The sets of rows, in the order of the first of each. */
export function rowSets(rows: readonly AuthorizationRow[]): readonly RowSet[] {
  const sets = new Map<string, RowSet & { readonly rows: AuthorizationRow[] }>()
  for (const row of rows) {
    const made = setOf(row)
    const { rows: _, ...common } = made
    const key = JSON.stringify(common)
    const known = sets.get(key)
    if (known === undefined) sets.set(key, made)
    else known.rows.push(row)
  }
  return [...sets.values()]
}

function setOf(row: AuthorizationRow): RowSet & { readonly rows: AuthorizationRow[] } {
  const { policies, extAuthz = {}, request, workload } = row
  const authentication = 'jwt' in request ? [requestAuthentication(workload.namespace, request)] : []
  return {
    resources: [...(policies as readonly StoredResource[]), ...authentication],
    extAuthz,
    numTrustedProxies: request.remoteIp === undefined ? 0 : 1,
    rows: [row],
  }
}

/** Believes the issuers of the tokens that rows name. */
function requestAuthentication(namespace: string, { spaceDelimitedClaims }: AuthorizationRequest): StoredResource {
  const jwks = JSON.stringify(readVectors('istio/jwt/jwks.json'))
  const jwtRules = [1, 2, 3].map((number) => ({
    issuer: `test-issuer-${number}@istio.io`,
    jwks,
    ...(spaceDelimitedClaims === undefined ? {} : { spaceDelimitedClaims }),
  }))
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'RequestAuthentication',
    metadata: { name: 'tokens', namespace },
    spec: { jwtRules },
  }
}
