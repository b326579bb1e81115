/** What `weft` ends with. */
export const EXIT = {
  ok: 0,
  /** The server answered, and refused; or `weft analyze` found errors. */
  refused: 1,
  /** The command line or a file is wrong; nothing was sent. */
  usage: 2,
  /** No server could be reached, or it broke off. */
  unreachable: 3,
  /** `weft server` could not start. */
  startFailed: 4,
  /** The server answered, and the credential is missing, is not good, or does not allow it. */
  denied: 5,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export const EXIT_CODES_HELP = `
Exit codes:
  0  done
  1  the server refused, some client did (--wait), or analyze found errors
  2  wrong usage, or a file that cannot be read; nothing was sent
  3  the server could not be reached
  4  the server could not start
  5  the credential is missing, is not good, or does not allow it`
