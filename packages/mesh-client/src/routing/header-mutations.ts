/** Names and values in turn, names lower case: `['accept', 'text/html', …]`. */
export type HeaderList = readonly string[]

/** What of a request stands before its headers. */
export interface RequestLine {
  readonly method: string
  /** With the query, as the caller wrote it. */
  readonly path: string
}
