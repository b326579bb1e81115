/** What the server says goes here; pino, wrapped, and console fit. */
export interface Logger {
  debug(message: string, details?: Record<string, unknown>): void
  info(message: string, details?: Record<string, unknown>): void
  warn(message: string, details?: Record<string, unknown>): void
  error(message: string, details?: Record<string, unknown>): void
}

const silent = (): void => undefined

export const silentLogger: Logger = { debug: silent, info: silent, warn: silent, error: silent }
