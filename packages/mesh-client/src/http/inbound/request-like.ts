import type { IncomingHttpHeaders } from 'node:http'

/** What is asked and changed of a request, whatever Node makes of it. */
export interface RequestLike {
  readonly headers: IncomingHttpHeaders
  /** Names and values in turn. */
  readonly rawHeaders: string[]
  /** Path and query. */
  url?: string | undefined
  readonly method?: string | undefined
}
