import type { OutgoingHttpHeaders } from 'node:http2'
import type { VerifiedToken } from '../../inbound/exchange.ts'
import type { Connection } from './connection.ts'
import { emitOf, type StreamWatcher } from './watched-stream.ts'

/** What is known of a stream when it is gone: nothing is counted or told any more. */
export class EndedStream implements StreamWatcher {
  readonly over: Connection
  readonly token: VerifiedToken | undefined

  constructor(over: Connection, token: VerifiedToken | undefined) {
    this.over = over
    this.token = token
  }

  get remains(): StreamWatcher {
    return this
  }

  hasLost(): boolean {
    return false
  }

  emit(...event: Parameters<StreamWatcher['emit']>): boolean {
    return emitOf(...event)
  }

  received(): void {}

  sent(): void {}

  responding(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
    return headers
  }

  trailing(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
    return headers
  }

  finished(): void {}

  reset(): void {}

  closed(): void {}
}
