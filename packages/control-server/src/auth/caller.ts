/**
 * What somebody may do with the API. `viewer` reads all but secrets; `operator` also writes policy, in the namespaces it was
 * given; `admin` also tokens, roles, certificates and the CA.
 */
export type Role = 'viewer' | 'operator' | 'admin'

/** Somebody who uses the API. */
export interface ApiCaller {
  readonly kind: 'api'
  /** For the audit log: `token/<id>` or an identity. */
  readonly name: string
  readonly role: Role
  /** Where it may write; absent: everywhere, also what has no namespace. */
  readonly namespaces?: readonly string[]
}

/** A process that has proven which workload it is. Everything here comes from the proof, nothing from what it says. */
export interface WorkloadCaller {
  readonly kind: 'workload'
  /** For the audit log and for revocation: `token/<id>`, `kubernetes/<namespace>/<name>` or `certificate/<serial>`. */
  readonly name: string
  readonly via: 'token' | 'kubernetes' | 'certificate'
  /** Of the token; absent where no token stood at the beginning. */
  readonly tokenId?: string
  readonly namespace: string
  readonly serviceAccount: string
  /** Services of its namespace that it may register for; absent: all of them. */
  readonly services?: readonly string[]
  /** CIDR ranges that it may register addresses of, besides the one it calls from. */
  readonly addresses?: readonly string[]
}

/** Nobody in particular, on a server that asks nobody who he is: whoever can reach it may do everything. */
export interface AnonymousCaller {
  readonly kind: 'anonymous'
}

export type Caller = ApiCaller | WorkloadCaller | AnonymousCaller
