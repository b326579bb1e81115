import { bindsMesh } from '../config/mesh-gateway.ts'
import type { ConfigResource } from '../config/resource.ts'
import type { Model } from '../registry/model.ts'
import { HostMap, hostsMeant } from '../translate/host-map.ts'

/** What a VirtualService or DestinationRule says of whom it is about. */
interface Naming {
  readonly hosts?: readonly string[]
  readonly host?: string
  readonly gateways?: readonly string[]
}

interface Indexed {
  readonly resources: readonly ConfigResource[]
  readonly byHost: HostMap<ConfigResource>
}

/** Finds what rules a host without looking at the policies of all others; indexes a kind again when it has changed. */
export class PolicyByHost {
  private virtualServices: Indexed | undefined
  private destinationRules: Indexed | undefined

  /** The oldest for calls within the mesh that names the host, as Istio takes it. */
  virtualServiceOf({ virtualServices, domain }: Model, host: string): ConfigResource | undefined {
    this.virtualServices = refresh(this.virtualServices, virtualServices, domain)
    return this.virtualServices.byHost.lookUp(host)[0]
  }

  /** All that name the host, oldest first. */
  destinationRulesOf({ destinationRules, domain }: Model, host: string): readonly ConfigResource[] {
    this.destinationRules = refresh(this.destinationRules, destinationRules, domain)
    return this.destinationRules.byHost.lookUp(host)
  }
}

function refresh(before: Indexed | undefined, resources: readonly ConfigResource[], domain: string): Indexed {
  if (before?.resources === resources) return before
  const byHost = new HostMap<ConfigResource>()
  for (const resource of resources) {
    const { hosts, host, gateways } = resource.spec as Naming
    if (!bindsMesh(gateways)) continue
    for (const written of hosts ?? (host === undefined ? [] : [host])) {
      for (const meant of hostsMeant(written, resource.metadata.namespace, domain)) byHost.add(meant, resource)
    }
  }
  return { resources, byHost }
}
