import { AsyncLocalStorage } from 'node:async_hooks'
import type { Cluster, Endpoint } from '@weft/mesh-protocol'
import type { buildConnector as BuildConnector } from 'undici'
import { type IdentitySource, NO_IDENTITY } from '../../identity/identity.ts'
import type { Timers } from '../../kernel/timers.ts'
import { buildConnector } from '../undici.ts'
import { MeshConnectors, type OnProven, socketOptions } from './mesh-connector.ts'
import { type MeshTlsTarget, meshTlsOf } from './mesh-tls.ts'
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
  readonly #identity: IdentitySource
  readonly #mesh: MeshConnectors

  constructor(timers: Timers, identity: IdentitySource = NO_IDENTITY) {
    this.#identity = identity
    this.#mesh = new MeshConnectors(identity, timers)
  }

  /** Of the certificate that connections are made with now; 0: there is none. */
  get generation(): number {
    return this.#identity.current?.generation ?? 0
  }

  /** Mutual TLS of the mesh, where it is used towards an endpoint. */
  meshTls(config: Cluster, endpoint: Endpoint): MeshTlsTarget | undefined {
    return meshTlsOf(config, endpoint, this.#identity.state)
  }

  for(config: Cluster, offer: Offer): Connector {
    const key = keyOf(config, offer)
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const connector = this.#make(config, offer)
    this.#known.set(key, connector)
    return connector
  }

  /** By mutual TLS of the mesh. */
  forMesh(tls: MeshTlsTarget, config: Cluster, offer: Offer, onProven: OnProven): Connector {
    const { connectTimeoutMs, tcpKeepalive } = config
    const key = `${offer} ${connectTimeoutMs} ${tcpKeepalive?.timeMs ?? ''}`
    const connector = this.#mesh.to(tls, key, { ...socketOptions(config), ...protocols(offer) }, onProven)
    return (target, callback) => this.#outside(() => connector(target, callback))
  }

  #make(config: Cluster, offer: Offer): Connector {
    const options = { ...socketOptions(config), ...protocols(offer) }
    const connector = config.tls === undefined ? buildConnector(options) : tlsConnector(config.tls, options)
    return (target, callback) => this.#outside(() => connector(target, callback))
  }
}

function protocols(offer: Offer): { readonly allowH2: boolean; readonly preferH2: boolean } {
  return { allowH2: offer === 'h2', preferH2: offer === 'h2' }
}

function keyOf({ connectTimeoutMs, tcpKeepalive, tls }: Cluster, offer: Offer): string {
  const plain = `${offer} ${connectTimeoutMs}`
  return tcpKeepalive === undefined && tls === undefined ? plain : `${plain} ${JSON.stringify([tcpKeepalive, tls])}`
}
