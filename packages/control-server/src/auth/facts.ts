/** What the TLS handshake proved of the other side: a certificate of the mesh, checked against its roots. */
export interface PeerCertificate {
  /** The only URI among its names, `spiffe://…`. */
  readonly uri: string
  /** Hex in lower case, as the records of what was issued have it. */
  readonly serial: string
}

/** What is known of a request before anybody has asked who makes it. */
export interface RequestFacts {
  /** The header `Authorization`, as it came. */
  readonly authorization: string | undefined
  /** IP address that the connection comes from. */
  readonly remoteAddress: string
  readonly peer: PeerCertificate | undefined
}
