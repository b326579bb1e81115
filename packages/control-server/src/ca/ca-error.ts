/**
 * `WEFT_CA_KEY_LOST`: a certificate of the authority is there and its key is not. `WEFT_CA_KEY_EXPOSED`: others can read the
 * key, or replace it. `WEFT_CA_KEY_MISMATCH`: the key is not that of the certificate. `WEFT_CA_INVALID`: a file is missing or
 * holds something else. `WEFT_CA_EXPIRED`: the authority's certificate has ended. `WEFT_CA_UNAVAILABLE`: the files cannot be
 * read or written. `WEFT_CA_ROTATING`: a rotation is under way. `WEFT_CA_NOT_OURS`: the root is somebody else's to change.
 */
export type CaErrorCode =
  | 'WEFT_CA_KEY_LOST'
  | 'WEFT_CA_KEY_EXPOSED'
  | 'WEFT_CA_KEY_MISMATCH'
  | 'WEFT_CA_INVALID'
  | 'WEFT_CA_EXPIRED'
  | 'WEFT_CA_UNAVAILABLE'
  | 'WEFT_CA_ROTATING'
  | 'WEFT_CA_NOT_OURS'

/** Why the certificate authority could not do something; the message says what to do about it. */
export class CaError extends Error {
  override readonly name = 'CaError'
  readonly code: CaErrorCode

  constructor(code: CaErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
