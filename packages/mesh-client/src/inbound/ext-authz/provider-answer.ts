import type { ExtAuthzProvider } from '@weft/mesh-protocol'
import type { RouteReply } from '../../routing/route-table.ts'
import type { InboundConnection, InboundExchange, ServedPort } from '../exchange.ts'

/** What a provider is asked about: a request, or a connection that is not looked into. */
export interface ProviderQuestion {
  readonly connection: InboundConnection
  readonly served: ServedPort
  readonly exchange: InboundExchange | undefined
}

/** What an external authorization service says. */
export type ProviderAnswer =
  | {
      readonly allowed: true
      /** What the application sees of these headers, by lower-case name; `undefined`: nothing. */
      readonly requestHeaders: readonly (readonly [name: string, value: string | undefined])[]
      /** For the caller, names and values in turn. */
      readonly responseHeaders: readonly string[]
    }
  | {
      readonly allowed: false
      /** For the access log of decisions. */
      readonly reason: string
      /** Absent: what the mesh answers to whatever is denied. */
      readonly reply?: RouteReply
    }

/** Asks a service; never rejects. */
export type AskProvider = (provider: ExtAuthzProvider, question: ProviderQuestion) => Promise<ProviderAnswer>
