import type { CredentialSort } from '../ca/credential-name.ts'

/**
 * What somebody may do with the API. `viewer` reads all but secrets; `operator` also writes policy, in the namespaces it was
 * given; `admin` also tokens, roles, certificates and the CA.
 */
export type Role = 'viewer' | 'operator' | 'admin'

/** What a role comes to for one holder. */
export interface Grant {
  readonly role: Role
  /** Where an operator may write. Absent: everywhere, also what holds for the whole mesh. */
  readonly namespaces?: readonly string[]
}

/** Somebody who uses the API. */
export interface ApiCaller extends Grant {
  readonly kind: 'api'
  /** For the audit log: `token/<id>` or an identity. */
  readonly name: string
}

/** A process that has proven which workload it is. Everything here comes from the proof, nothing from what it says. */
export interface WorkloadCaller {
  readonly kind: 'workload'
  /** What has proven it: see `credentialName`. */
  readonly name: string
  readonly via: CredentialSort
  /** Of the token; absent where no token stood at the beginning. */
  readonly tokenId?: string
  readonly namespace: string
  readonly serviceAccount: string
  /** Services of its namespace that it may register for; absent: all of them. */
  readonly services?: readonly string[]
  /** CIDR ranges that it may register addresses of, besides the one it calls from. */
  readonly addresses?: readonly string[]
  /** Why its token lets no further workload join (it is expired or used up); absent: any workload id may. */
  readonly spent?: string
  /** What a role binding gives its identity besides. */
  readonly grant?: Grant
}

/** Nobody in particular, on a server that asks nobody who he is: whoever can reach it may do everything. */
export interface AnonymousCaller {
  readonly kind: 'anonymous'
}

export type Caller = ApiCaller | WorkloadCaller | AnonymousCaller

/** Who did it, for the audit log. A certificate is forgotten when it ends, so that it stands there by its identity. */
export function principalNameOf(caller: Caller): string {
  if (caller.kind === 'anonymous') return 'anonymous'
  const isByCertificate = caller.kind === 'workload' && caller.via === 'certificate'
  return isByCertificate ? `identity/${caller.namespace}/${caller.serviceAccount}` : caller.name
}

/**
 * Whether two requests come from the same holder: of one token, or of one identity where no token stands behind it. A
 * certificate is renewed while its stream is open, so that its serial does not count.
 */
export function isSameHolder(a: Caller, b: Caller): boolean {
  if (a.kind !== 'workload' || b.kind !== 'workload') return principalNameOf(a) === principalNameOf(b)
  return a.namespace === b.namespace && a.serviceAccount === b.serviceAccount && a.tokenId === b.tokenId
}
