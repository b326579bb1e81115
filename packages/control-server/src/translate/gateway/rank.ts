import { expandServiceHost } from '@weft/mesh-protocol'
import type { Visibility } from '../export-to.ts'
import type { GatewayRoutes } from './gateway-routes.ts'

/** As much of a VirtualService as the question asks for. */
export interface RivalVirtualService {
  readonly namespace: string
  readonly visibility: Visibility
  /** RFC 3339; empty where it is not known. */
  readonly createdAt: string
  readonly spec: { readonly hosts?: readonly string[] }
}

/**
 * Whether routes of Gateway API go before a VirtualService that also claims the host. In Istio they are VirtualServices
 * themselves, exported to all, that name the very host: those with a wildcard go after them, those exported to chosen
 * namespaces before. Of the rest those of the client's own namespace come first, and then the oldest
 * (`push_context.go` `VirtualServicesForGateway`, `initVirtualServices`). Of the same second: Gateway API.
 */
export function gatewayGoesFirst(
  { owner }: Pick<GatewayRoutes, 'owner'>,
  rival: RivalVirtualService,
  host: string,
  clientNamespace: string,
  domain: string,
): boolean {
  if (!namesHost(rival, host, domain)) return true
  if (rival.visibility !== 'public') return false
  return owner.namespace === clientNamespace || owner.createdAt <= rival.createdAt
}

function namesHost({ spec, namespace }: RivalVirtualService, host: string, domain: string): boolean {
  return (spec.hosts ?? []).some((written) => expandServiceHost(written, namespace, domain) === host)
}
