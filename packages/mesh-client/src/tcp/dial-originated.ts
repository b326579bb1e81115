import { isIP } from 'node:net'
import type { ClientTls, Endpoint } from '@weft/mesh-protocol'
import { type OriginatedTls, originatedTls } from '../http/outbound/tls-origination.ts'
import { dialTls } from './dial-tls.ts'
import type { DialSecure } from './mesh-socket.ts'

/** Makes connections with the TLS that a policy starts towards servers outside of the mesh. */
export class OriginationDialer {
  readonly #known = new Map<string, () => Promise<OriginatedTls>>()

  /** @param host as it was called, for policies that do not say whom to ask for */
  to(endpoint: Endpoint, tls: ClientTls, host: string): DialSecure {
    const settings = this.#settings(tls)
    const name = tls.sni ?? host
    return dialTls(endpoint, (ready) => {
      let wanted = true
      const tell = (how: Parameters<typeof ready>[0]): void => {
        if (wanted) ready(how)
      }
      settings().then(
        (made) =>
          tell({
            // TLS has no names that are addresses. RFC 6066 section 3.
            options: { ...made, ...(isIP(name) === 0 ? { servername: name } : {}) },
            check: () => undefined,
            explain: (error) => error,
          }),
        (error: Error) => tell(error),
      )
      return () => {
        wanted = false
      }
    })
  }

  #settings(tls: ClientTls): () => Promise<OriginatedTls> {
    const key = JSON.stringify(tls)
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const made = originatedTls(tls)
    this.#known.set(key, made)
    return made
  }
}
