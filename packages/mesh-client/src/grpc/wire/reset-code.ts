import { constants } from 'node:http2'

const MAX_CAUSES = 10
const BY_NAME = constants as unknown as Readonly<Record<string, number>>

/** The code of the RST_STREAM that an error of the transport stands for; `undefined`: it is none. */
export function resetCodeOf(error: Error): number | undefined {
  let current: unknown = error
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error; depth++) {
    const code = codeIn(current)
    if (code !== undefined) return code
    current = current.cause
  }
  return undefined
}

function codeIn(error: Error): number | undefined {
  if ('rstCode' in error && typeof error.rstCode === 'number') return error.rstCode
  // Node tells the code by its name alone.
  if (!('code' in error) || error.code !== 'ERR_HTTP2_STREAM_ERROR') return undefined
  const name = /NGHTTP2_\w+$/.exec(error.message)?.[0]
  return name === undefined ? undefined : BY_NAME[name]
}
