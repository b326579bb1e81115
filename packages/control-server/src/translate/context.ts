import type { MeshService, Model } from '../registry/model.ts'
import type { ClientScope } from './client-scope.ts'
import { hostsMeant } from './host-map.ts'
import type { PolicyIndex } from './policy-index.ts'
import { routedHost } from './routed-hosts.ts'
import type { SidecarScope } from './sidecar-scope.ts'
import type { VirtualService } from './virtual-services.ts'
import { VisibleServices } from './visible-services.ts'

/** Everything that a translation may look at. */
export interface TranslateContext {
  /** As the client sees it: services that are not exported to it are not in it. */
  readonly model: Model
  readonly policies: PolicyIndex
  readonly client: ClientScope
  /** What narrows what the client may call; absent: nothing does. */
  readonly sidecar?: SidecarScope
}

/** A wire resource before it has got its version, which is made from its content. */
export type Unversioned<R extends { readonly version: string }> = Omit<R, 'version'>

/** What there is, as one client sees it. */
export function contextFor(model: Model, policies: PolicyIndex, client: ClientScope): TranslateContext {
  const { namespace } = client
  const sidecar = policies.sidecars.find(client)
  const reach = sidecar && ((service: MeshService) => sidecar.reach(service, namespace))
  const scoped = { ...model, services: new VisibleServices(model, namespace, reach) }
  if (sidecar === undefined) return { model: scoped, policies, client }
  const { virtualServices } = policies
  const imported = ({ spec, namespace: own }: VirtualService): boolean =>
    sidecar.imports(
      (spec.hosts ?? []).flatMap((host) => hostsMeant(host, own, model.domain)),
      own,
      namespace,
    )
  const scopedPolicies = {
    ...policies,
    virtualServices: {
      ...virtualServices,
      find: (host: string, asking: string) => virtualServices.find(host, asking).filter(imported),
    },
  }
  return { model: scoped, policies: scopedPolicies, client, sidecar }
}

/**
 * A service as far as the client may call it by name, or a host that is routed without being one; destinations of routes are not
 * narrowed by a Sidecar.
 */
export function calledService(context: TranslateContext, host: string): MeshService | undefined {
  const { model, client, sidecar } = context
  const service = model.services.get(host)
  if (service === undefined) return routedHost(context, host)
  return sidecar === undefined ? service : sidecar.reach(service, client.namespace)
}
