import type { MeshService } from '../registry/model.ts'
import { calledService, type TranslateContext } from './context.ts'

/** Every host and virtual address that the client may call as one of the mesh's, whether it has endpoints or not. */
export function* visibleHosts(context: TranslateContext): Generator<string> {
  const { model, policies, client, sidecar } = context
  for (const host of policies.virtualServiceHosts)
    if (!model.services.has(host) && isCallable(context, host)) yield host
  for (const [host, service] of model.services) {
    if (isOffered(sidecar === undefined ? service : sidecar.reach(service, client.namespace))) yield host
  }
}

/** Whether a host stands in the client's index. A name elsewhere that has no ports is left to the resolver, as in Istio. */
export function isCallable(context: TranslateContext, host: string): boolean {
  return isOffered(calledService(context, host))
}

function isOffered(service: MeshService | undefined): boolean {
  return service !== undefined && (service.externalName === undefined || service.ports.length > 0)
}

/** What becomes of the hosts that are not in the index. */
export function outboundTrafficPolicy({ model, sidecar }: TranslateContext): 'ALLOW_ANY' | 'REGISTRY_ONLY' {
  return sidecar?.outboundTrafficPolicy ?? model.mesh.outboundTrafficPolicy
}

/**
 * What the host index of a client depends on besides the model: clients for which it is equal have the same one. Most namespaces
 * see just what is public, and share it.
 *
 * @param special namespaces to which some service is exported that is not exported to all
 */
export function hostIndexKey({ client, sidecar }: TranslateContext, special: ReadonlySet<string>): string {
  if (sidecar !== undefined) return `sidecar ${sidecar.name} ${client.namespace}`
  return special.has(client.namespace) ? `namespace ${client.namespace}` : ''
}
