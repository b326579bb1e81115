import { AsyncLocalStorage } from 'node:async_hooks'
import type { Cluster } from '@weft/mesh-protocol'
import type { buildConnector as BuildConnector } from 'undici'
import { buildConnector } from '../undici.ts'
import { tlsConnector } from './tls-origination.ts'

type Connector = BuildConnector.connector

/** Which protocols a connection may carry; over TLS the server is offered these. */
export type Offer = 'http/1.1' | 'h2'

/**
 * Makes connections as clusters ask for it. One connector serves all clusters with the same settings: one of its own
 * would be most of a pool's memory.
 */
export class Connectors {
  readonly #known = new Map<string, Connector>()
  /** Connections are made outside of the request that happens to need them first, whose context they would keep. */
  readonly #outside: <R>(make: () => R) => R = AsyncLocalStorage.snapshot()

  for(config: Cluster, offer: Offer): Connector {
    const key = keyOf(config, offer)
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const connector = this.#make(config, offer)
    this.#known.set(key, connector)
    return connector
  }

  #make({ connectTimeoutMs, tcpKeepalive, tls }: Cluster, offer: Offer): Connector {
    const options = {
      timeout: connectTimeoutMs,
      allowH2: offer === 'h2',
      preferH2: offer === 'h2',
      ...(tcpKeepalive?.timeMs === undefined ? {} : { keepAliveInitialDelay: tcpKeepalive.timeMs }),
    }
    const connector = tls === undefined ? buildConnector(options) : tlsConnector(tls, options)
    return (target, callback) => this.#outside(() => connector(target, callback))
  }
}

function keyOf({ connectTimeoutMs, tcpKeepalive, tls }: Cluster, offer: Offer): string {
  const plain = `${offer} ${connectTimeoutMs}`
  return tcpKeepalive === undefined && tls === undefined ? plain : `${plain} ${JSON.stringify([tcpKeepalive, tls])}`
}
