import type { KeyObject } from 'node:crypto'

/** What a certificate is to say. Everything in it is decided here; nothing comes from who asks for it but the key. */
export interface CertificateTemplate {
  /** Whose certificate it is. */
  readonly publicKey: KeyObject
  /** The one URI of its subject alternative names: `spiffe://…`. */
  readonly uri: string
  /** Only of the control server's own. */
  readonly dnsNames?: readonly string[]
  readonly ipAddresses?: readonly string[]
  /** Milliseconds since 1970. A signer may shorten this, and never lengthen it. */
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** Random, hex, at most 20 octets (RFC 5280 4.1.2.2). A signer that numbers by itself may pass it over. */
  readonly serial: string
  /**
   * For the control server's own certificate: signed by the oldest root that can still sign, so that whoever pinned that
   * root reaches the server all through a change of roots. A signer with one root passes it over.
   */
  readonly byOldestRoot?: boolean
}

/**
 * Who signs the certificates of the mesh. The built-in authority is one; whatever else can sign a key with a given URI fits:
 * Vault's PKI (`sign`, with `uri_sans`), cert-manager (a CertificateRequest), a cloud's private CA.
 */
export interface Signer {
  /** For people, e.g. `built-in root`. */
  readonly description: string
  /** PEM, the leaf first, then what leads to a root, without the root. Rejects with an error whose message says what to do. */
  sign(template: CertificateTemplate): Promise<readonly string[]>
  /**
   * What to believe, PEM, one certificate an entry; never empty. First the one that certificates for the control server lead to
   * ({@link CertificateTemplate.byOldestRoot}): tokens pin it.
   */
  roots(): readonly string[]
  /** When whatever signs ends, in milliseconds since 1970, where that is before the roots do: a warning is given some time ahead. */
  endsAtMs?(): number
  /** Told after `roots()`, or who signs, has changed. Returns what ends it. */
  subscribe(listener: () => void): () => void
  /** Absent: whoever runs the authority changes its root. */
  readonly rotation?: RootRotation
  close(): void
}

/** What becomes of the mesh's root. */
export interface RootRotation {
  read(): RotationStatus
  /** Starts one; rejects with a `CaError` while one is under way. */
  start(): Promise<void>
}

/**
 * `stable`: one root. `introducing`: the new one is being made known and signs nothing yet. `retiring`: it signs, and the old
 * one is believed until the last certificate that it has signed has ended.
 */
export interface RotationStatus {
  readonly phase: 'stable' | 'introducing' | 'retiring'
  /** Milliseconds since 1970; only where a rotation is under way. */
  readonly sinceMs?: number
  /** When the phase ends at the latest. */
  readonly untilMs?: number
}
