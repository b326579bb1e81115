/**
 * `WEFT_STORE_IN_USE`: another control server has the data directory. `WEFT_STORE_CORRUPT`: the file is no database or is
 * damaged. `WEFT_STORE_TOO_NEW`: a later Weft wrote it. `WEFT_STORE_UNAVAILABLE`: the directory or the disk refuses.
 * `WEFT_STORE_CLOSED`: the store was closed. `WEFT_STORE_LEASE_UNKNOWN`: a put names a lease that does not exist.
 * `WEFT_STORE_COMPACTED`: a watch starts before what is remembered.
 */
export type StoreErrorCode =
  | 'WEFT_STORE_IN_USE'
  | 'WEFT_STORE_CORRUPT'
  | 'WEFT_STORE_TOO_NEW'
  | 'WEFT_STORE_UNAVAILABLE'
  | 'WEFT_STORE_CLOSED'
  | 'WEFT_STORE_LEASE_UNKNOWN'
  | 'WEFT_STORE_COMPACTED'

/** Why the store could not do something; the message says what to do about it. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreErrorCode

  constructor(code: StoreErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
