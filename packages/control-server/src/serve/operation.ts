import type { Json } from './openapi-schemas.ts'

/** What is said of one route. */
export interface Operation {
  readonly summary: string
  readonly query?: readonly string[]
  readonly body?: Json
  /** Of a success. Absent: a text, or nothing. */
  readonly answer?: Json
  readonly code?: number
}

/** By method and URL, as the routes are registered. */
export type Operations = Readonly<Record<string, Operation>>
