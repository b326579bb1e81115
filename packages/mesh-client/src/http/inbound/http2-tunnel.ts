import { Http2Exchange } from './http2-exchange.ts'

const METHOD_NOT_ALLOWED = 405

/** A CONNECT over one stream of HTTP/2. */
export class Http2Tunnel extends Http2Exchange {
  override readonly isTunnel: boolean = true

  /** Where the application listens to none, Node's own answer. */
  override forward(): void {
    if (this.host.emit('connect', this.request, this.response)) return
    this.response.writeHead(METHOD_NOT_ALLOWED).end()
  }
}
