import { constants, type Http2ServerResponse } from 'node:http2'
import { letGoOfReset } from './let-go-of-reset.ts'
import { RequestExchange } from './request-exchange.ts'

/** A request and its response over one stream of HTTP/2, in the form of Node's compatibility API. */
export class Http2Exchange extends RequestExchange {
  #wasReset = false

  constructor(...parts: ConstructorParameters<typeof RequestExchange>) {
    super(...parts)
    const { stream } = this.response as unknown as Http2ServerResponse
    if (stream !== undefined) letGoOfReset(stream)
    // Node tells nothing of the end of a HEAD that has no answer yet.
    if (this.request.method === 'HEAD') stream?.once('close', () => this.finished())
  }

  /** An application that cuts a response off destroys its stream first; a caller resets it, with whatever code. */
  override aborted(): void {
    const { stream } = this.response as unknown as Http2ServerResponse
    this.#wasReset = stream?.destroyed === false
  }

  /** Node tells `finish` of every stream that closes, also of one that was cut off. */
  override finished(): void {
    const { stream, writableEnded } = this.response as unknown as Http2ServerResponse
    const code = stream?.rstCode ?? constants.NGHTTP2_NO_ERROR
    this.finish(writableEnded && code === constants.NGHTTP2_NO_ERROR)
  }

  /** The connection says it for all of its requests. */
  override closeAfter(): void {}

  /** Of a HEAD the reset is not told; an application has no reason for CANCEL. */
  protected override get closedByApplication(): boolean {
    const { stream } = this.response as unknown as Http2ServerResponse
    const wasReset = this.#wasReset || stream?.rstCode === constants.NGHTTP2_CANCEL
    return !wasReset && this.carrier.session?.destroyed !== true && super.closedByApplication
  }
}
