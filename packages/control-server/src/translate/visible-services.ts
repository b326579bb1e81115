import type { MeshService, Model } from '../registry/model.ts'
import { isExportedTo, visibilityOf, visibilityRank } from './export-to.ts'

type Source = Pick<Model, 'services' | 'contested' | 'addresses' | 'mesh'>

/** Aliases of aliases are followed this far, so that a circle ends. */
const MAX_ALIASES = 8

/** What a client may see of a service that is exported to it; `undefined`: it cannot be called. */
export type Reach = (service: MeshService) => MeshService | undefined

/**
 * The services as the clients of one namespace see them: of several definitions of a host that is exported to them, the one that
 * goes before the others. Looks through the model's, and also finds a service by a virtual address.
 */
export class VisibleServices implements ReadonlyMap<string, MeshService> {
  private readonly source: Source
  private readonly namespace: string
  private readonly reach: Reach | undefined

  /** @param reach of definitions that are equal otherwise, those that can be called go first */
  constructor(source: Source, namespace: string, reach?: Reach) {
    this.source = source
    this.namespace = namespace
    this.reach = reach
  }

  get(host: string): MeshService | undefined {
    const known = this.source.services.get(host)
    if (known !== undefined) return this.aliased(this.visible(host, known))
    const named = this.source.addresses.get(host)
    return named && this.at(host, named)
  }

  has(host: string): boolean {
    return this.get(host) !== undefined
  }

  /** How many hosts and addresses there are to look through. */
  get size(): number {
    return this.source.services.size + this.source.addresses.size
  }

  *entries(): MapIterator<[string, MeshService]> {
    for (const [host, known] of this.source.services) {
      const service = this.aliased(this.visible(host, known))
      if (service !== undefined) yield [host, service]
    }
    for (const [address, named] of this.source.addresses) {
      const service = this.at(address, named)
      if (service !== undefined) yield [address, service]
    }
  }

  *keys(): MapIterator<string> {
    for (const [host] of this.entries()) yield host
  }

  *values(): MapIterator<MeshService> {
    for (const [, service] of this.entries()) yield service
  }

  [Symbol.iterator](): MapIterator<[string, MeshService]> {
    return this.entries()
  }

  forEach(callback: (service: MeshService, host: string, map: ReadonlyMap<string, MeshService>) => void): void {
    for (const [host, service] of this.entries()) callback(service, host, this)
  }

  private visible(host: string, known: MeshService): MeshService | undefined {
    const several = this.source.contested.get(host)
    if (several !== undefined) return this.choose(several)
    return this.isVisible(known) ? known : undefined
  }

  /**
   * An alias of a service of the mesh is that service under another name (Istio `ENABLE_EXTERNAL_NAME_ALIAS`); what it is not of
   * the mesh stays what it is.
   */
  private aliased(service: MeshService | undefined): MeshService | undefined {
    let found = service
    for (let step = 0; found?.externalName !== undefined && step < MAX_ALIASES; step++) {
      const host = aliasTarget(found.externalName)
      const known = this.source.services.get(host)
      const next = known && this.visible(host, known)
      if (next === undefined) return found
      found = next
    }
    return found
  }

  /** As with hosts, a Service goes before ServiceEntries, whatever they are called; else the name decides. */
  private at(address: string, hosts: readonly string[]): MeshService | undefined {
    let found: MeshService | undefined
    for (const host of hosts) {
      const known = this.source.services.get(host)
      const service = known && this.visible(host, known)
      if (service?.addresses?.includes(address) !== true) continue
      if (service.entry === undefined) return service
      found ??= service
    }
    return found
  }

  /**
   * A Service or registrations before ServiceEntries, so that nobody takes a host of the mesh over; of those what is private to
   * the client's namespace, then exported to it, then public; then the oldest (Istio `sidecar.go`
   * `DefaultSidecarScopeForNamespace`).
   */
  private choose(definitions: readonly MeshService[]): MeshService | undefined {
    const visible = definitions.filter((service) => this.isVisible(service))
    if (visible.length <= 1) return visible[0]
    return visible.reduce((best, next) => (this.rank(next) < this.rank(best) ? next : best))
  }

  private isVisible(service: MeshService): boolean {
    return isExportedTo(service.exportTo, service.namespace, this.source.mesh.defaultServiceExportTo, this.namespace)
  }

  private rank(service: MeshService): number {
    const { defaultServiceExportTo } = this.source.mesh
    const { entry, exportTo, namespace } = service
    const outOfReach = this.reach !== undefined && this.reach(service) === undefined ? 8 : 0
    if (entry === undefined) return outOfReach
    const visibility = visibilityOf(exportTo, namespace, defaultServiceExportTo)
    // A Sidecar's own namespace goes first (`sidecar.go` `selectServices`).
    const elsewhere = this.reach !== undefined && namespace !== this.namespace ? 4 : 0
    return outOfReach + elsewhere + 1 + visibilityRank(visibility, namespace, this.namespace)
  }
}

/** The host that an `externalName` names. */
export function aliasTarget(externalName: string): string {
  return externalName.toLowerCase().replace(/\.$/, '')
}
