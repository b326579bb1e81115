/** What a credential lets its holder do: join the mesh as a workload, or use the API. */
export type CredentialKind = 'join' | 'api'

/** A bearer token of the mesh, taken apart. */
export interface CredentialParts {
  readonly kind: CredentialKind
  /** Not secret: names it in lists and logs. */
  readonly id: string
  readonly secret: string
  /** SHA-256 of the root certificate's DER, hex in lower case: whom its holder may give it to. Absent: not pinned. */
  readonly caFingerprint?: string
}

const FORM = /^weft-(join|api)\.([a-z0-9]{8,32})\.([A-Za-z0-9_-]{32,128})(?:\.([0-9a-f]{64}))?$/

/** `weft-{kind}.{id}.{secret}[.{fingerprint}]`. */
export function formatCredential({ kind, id, secret, caFingerprint }: CredentialParts): string {
  return [`weft-${kind}`, id, secret, ...(caFingerprint === undefined ? [] : [caFingerprint])].join('.')
}

/** `undefined` for a token of another sort, e.g. one of Kubernetes. */
export function parseCredential(token: string): CredentialParts | undefined {
  const match = FORM.exec(token)
  if (match === null) return undefined
  const [, kind, id, secret, caFingerprint] = match as unknown as [string, CredentialKind, string, string, string?]
  return { kind, id, secret, ...(caFingerprint === undefined ? {} : { caFingerprint }) }
}
