interface Reset {
  readonly rstCode?: unknown
}

/** Has an error say with which code of RST_STREAM the server ended the stream (RFC 9113 section 7). */
export function withResetCode(error: Error, rstCode: number): Error {
  return Object.assign(error, { rstCode })
}

/** The code of the RST_STREAM that an error stands for; `undefined`: of none, such as a connection that broke. */
export function resetCodeOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { rstCode } = error as Reset
  return typeof rstCode === 'number' ? rstCode : undefined
}
