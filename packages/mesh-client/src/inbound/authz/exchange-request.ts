import { withoutQuery } from '../../routing/request-value.ts'
import type { InboundExchange, VerifiedToken } from '../exchange.ts'
import { methodOf } from '../method-of.ts'
import { wholeHeader } from '../whole-header.ts'
import type { AuthzRequest } from './authz-request.ts'
import { clientAddress } from './client-address.ts'
import { type IpAddress, parseIp } from './ip-address.ts'

/** A request of HTTP as conditions look at it; what few of them ask for is worked out when it is. */
export class ExchangeRequest implements AuthzRequest {
  readonly path: string | undefined
  readonly #exchange: InboundExchange
  readonly #method: string
  readonly #numTrustedProxies: number
  #direct: IpAddress | undefined | null = null
  #remote: IpAddress | undefined | null = null
  #destination: IpAddress | undefined | null = null

  constructor(exchange: InboundExchange, numTrustedProxies: number) {
    const { method: named, path } = exchange.facts
    const method = methodOf(named, exchange.headers)
    this.#exchange = exchange
    this.#method = method
    this.#numTrustedProxies = numTrustedProxies
    this.path = method === 'CONNECT' ? undefined : withoutQuery(path)
  }

  get peerUri(): string | undefined {
    return this.#exchange.connection.peerUri
  }

  get sni(): string | undefined {
    return this.#exchange.connection.sni
  }

  get token(): VerifiedToken | undefined {
    return this.#exchange.token
  }

  get destinationPort(): number {
    return this.#exchange.served.port
  }

  get directRemoteIp(): IpAddress | undefined {
    if (this.#direct === null) this.#direct = parseIp(this.#exchange.connection.remoteAddress)
    return this.#direct
  }

  get remoteIp(): IpAddress | undefined {
    if (this.#remote === null) {
      const forwarded = this.#numTrustedProxies === 0 ? undefined : this.header('x-forwarded-for')
      this.#remote = clientAddress(this.directRemoteIp, forwarded, this.#numTrustedProxies)
    }
    return this.#remote
  }

  get destinationIp(): IpAddress | undefined {
    if (this.#destination === null) this.#destination = parseIp(this.#exchange.connection.localAddress)
    return this.#destination
  }

  header(name: string): string | undefined {
    const { headers } = this.#exchange
    switch (name) {
      case ':method':
        return this.#method
      case ':authority':
      case 'host':
        return wholeHeader(headers[':authority'] ?? headers.host)
      case ':path':
        return this.#exchange.facts.path
      case ':scheme':
        return this.#exchange.facts.scheme
      default:
        return this.#exchange.wholeHeader(name)
    }
  }
}
