/** What the library says goes here; pino and console fit. */
export interface Logger {
  debug(message: string, details?: Record<string, unknown>): void
  info(message: string, details?: Record<string, unknown>): void
  warn(message: string, details?: Record<string, unknown>): void
  error(message: string, details?: Record<string, unknown>): void
}

const silent = (): void => undefined

/** The default: silent but for warnings and errors, which go to Node's warning channel with the code `WEFT_WARNING`. */
export const processWarnings: Logger = {
  debug: silent,
  info: silent,
  warn: emit,
  error: emit,
}

function emit(message: string, details?: Record<string, unknown>): void {
  const detail = details === undefined ? '' : ` ${JSON.stringify(details)}`
  process.emitWarning(`${message}${detail}`, { type: 'WeftWarning', code: 'WEFT_WARNING' })
}
