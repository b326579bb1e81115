import { serviceHost } from '@weft/mesh-protocol'
import { protocolOf } from '../config/port-protocol.ts'
import type { KnownPort } from '../config/references.ts'
import type { ServiceSpec } from '../config/spec/service.ts'
import type { ServiceEntrySpec } from '../config/spec/service-entry.ts'
import type { MeshView } from './mesh-view.ts'

/** The ports that Services and ServiceEntries give their hosts. Hosts that are only registered are left out. */
export function portsByHost({ ofKind, domain }: MeshView): ReadonlyMap<string, readonly KnownPort[]> {
  const found = new Map<string, KnownPort[]>()
  const add = (host: string, ports: readonly KnownPort[]): void => {
    found.set(host, [...(found.get(host) ?? []), ...ports])
  }
  for (const { resource } of ofKind<ServiceSpec>('Service')) {
    const { name, namespace } = resource.metadata
    add(serviceHost(name, namespace, domain), (resource.spec.ports ?? []).map(ofService))
  }
  for (const { resource } of ofKind<ServiceEntrySpec>('ServiceEntry')) {
    const ports = (resource.spec.ports ?? []).map(({ name, number, protocol = '' }) => ({
      name,
      number,
      protocol: protocolOf({ name, number, appProtocol: protocol === '' ? undefined : protocol }),
    }))
    for (const host of resource.spec.hosts) add(host.toLowerCase(), ports)
  }
  return found
}

function ofService({ name = '', port, appProtocol }: NonNullable<ServiceSpec['ports']>[number]): KnownPort {
  return { name, number: port, protocol: protocolOf({ name, number: port, appProtocol }) }
}
