import { createRequire } from 'node:module'

export type OtelApi = typeof import('@opentelemetry/api')

/** Under which spans and metrics of Weft are told. */
export const SCOPE = '@weft/mesh-client'

/** The package, where the application has it. */
export function loadOtelApi(): OtelApi | undefined {
  try {
    return createRequire(import.meta.url)('@opentelemetry/api') as OtelApi
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}
