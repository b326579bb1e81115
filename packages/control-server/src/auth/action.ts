import type { Caller } from './caller.ts'

/** Whom a workload claims to be, as far as it can be held against what it has proven. */
export interface ClaimedWorkload {
  readonly namespace: string
  readonly serviceAccount: string
}

export interface ClaimedNode extends ClaimedWorkload {
  /** Empty: it serves nothing. */
  readonly service: string
}

/** What a workload wants to be called at. */
export interface ClaimedRegistration extends ClaimedWorkload {
  readonly service: string
  readonly address: string
  /** Other services of its namespace whose selectors take its labels. */
  readonly selectedBy: readonly string[]
}

/** What somebody is about to do. */
export type Action =
  /** Look at anything but secrets. */
  | { readonly kind: 'read' }
  /** Write something somewhere; where, is asked again of each resource. */
  | { readonly kind: 'write' }
  /** `namespace` absent: what holds for the whole mesh. */
  | { readonly kind: 'write-to'; readonly namespace: string | undefined }
  /** Tokens, roles, certificates, the CA. */
  | { readonly kind: 'administer' }
  /** Come in as a workload; as which one, is asked again once it is known. */
  | { readonly kind: 'take-part' }
  | { readonly kind: 'open-stream'; readonly node: ClaimedNode }
  | { readonly kind: 'send-message'; readonly opener: Caller }
  | {
      readonly kind: 'register'
      readonly registration: ClaimedRegistration
      /** IP address that it calls from. */
      readonly remoteAddress: string
      /** Addresses of the machine that the control server runs on. */
      readonly hostAddresses: readonly string[]
    }
  /** Renew, replace or end a registration that is there, or open a stream under its workload id. */
  | { readonly kind: 'act-as'; readonly registered: ClaimedWorkload }
  | { readonly kind: 'get-certificate' }
  /** Ask for what there may not be. */
  | { readonly kind: 'look-around' }
