import type { IncomingHttpHeaders } from 'node:http2'
import type { RequestLike } from './request-like.ts'

/**
 * The request of a bare stream of HTTP/2, by what the steps of the way in need of one. The headers are those that the application
 * gets: whoever changes them changes what it sees.
 */
export class StreamRequest implements RequestLike {
  headers: IncomingHttpHeaders
  readonly rawHeaders: string[]

  constructor(headers: IncomingHttpHeaders, rawHeaders: string[]) {
    this.headers = headers
    this.rawHeaders = rawHeaders
  }

  get method(): string {
    return this.headers[':method'] ?? ''
  }

  get url(): string {
    return this.headers[':path'] ?? ''
  }

  set url(path: string) {
    this.headers[':path'] = path
  }
}
