import { PersistentMap } from '../kernel/persistent-map.ts'
import type { MeshService } from './model.ts'
import type { EntryDefinition, EntryPart } from './service-entry.ts'

/** What the ServiceEntries that go together say of one host. */
export interface EntryService {
  readonly service: MeshService
  /** Keys of the records that hold its endpoints. */
  readonly records: readonly string[]
}

/** What a step did. */
export interface EntryTableChange {
  /** Hosts of which the ServiceEntries say something else now. */
  readonly hosts: ReadonlySet<string>
  /** Parts by record key; `undefined` for one that is gone. */
  readonly parts: ReadonlyMap<string, EntryPart | undefined>
}

interface Placed {
  readonly key: string
  readonly createRevision: number
  readonly part: EntryPart
}

/**
 * The hosts of ServiceEntries. Those of one namespace for one host that are seen by the same clients and find their endpoints in
 * the same way are one service: its ports are united, the oldest definition of a port counts, and its endpoints are those of
 * all (Istio `sidecar.go` `canMergeServices`). Others stay apart, the oldest first.
 */
export class EntryTable {
  private readonly definitions = new Map<string, EntryDefinition>()
  private readonly placed = new Map<string, Map<string, Placed>>()
  private merged = PersistentMap.empty<readonly EntryService[]>()

  /** By host, oldest first. */
  get services(): PersistentMap<readonly EntryService[]> {
    return this.merged
  }

  apply(changes: ReadonlyMap<string, EntryDefinition | undefined>): EntryTableChange {
    const hosts = new Set<string>()
    const parts = new Map<string, EntryPart | undefined>()
    for (const [key, definition] of changes) {
      for (const host of this.definitions.get(key)?.parts.keys() ?? []) {
        this.placed.get(host)?.delete(key)
        parts.set(recordKey(host, key), undefined)
        hosts.add(host)
      }
      if (definition === undefined) this.definitions.delete(key)
      else this.define(definition, hosts, parts)
    }
    const merged = [...hosts].map((host) => [host, this.merge(host)] as const)
    const changed = merged.filter(([host, services]) => !sameServices(this.merged.get(host), services))
    this.merged = this.merged.with(changed)
    return { hosts: new Set(changed.map(([host]) => host)), parts }
  }

  private define(definition: EntryDefinition, hosts: Set<string>, parts: Map<string, EntryPart | undefined>): void {
    const { key, createRevision } = definition
    this.definitions.set(key, definition)
    for (const [host, part] of definition.parts) {
      const ofHost = this.placed.get(host) ?? new Map<string, Placed>()
      this.placed.set(host, ofHost.set(key, { key, createRevision, part }))
      parts.set(recordKey(host, key), part)
      hosts.add(host)
    }
  }

  private merge(host: string): readonly EntryService[] | undefined {
    const placed = [...(this.placed.get(host)?.values() ?? [])]
    if (placed.length === 0) {
      this.placed.delete(host)
      return undefined
    }
    placed.sort((a, b) => a.createRevision - b.createRevision || (a.key < b.key ? -1 : 1))
    const together = new Map<string, EntryService>()
    for (const { key, part } of placed) {
      const group = audience(part.service)
      const record = recordKey(host, key)
      const older = together.get(group)
      together.set(
        group,
        older === undefined
          ? { service: part.service, records: [record] }
          : { service: unite(older.service, part.service), records: [...older.records, record] },
      )
    }
    return [...together.values()]
  }
}

function sameServices(a: readonly EntryService[] | undefined, b: readonly EntryService[] | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** A part's own record; no host has a space in it. */
function recordKey(host: string, key: string): string {
  return `${host} ${key}`
}

function audience({ namespace, exportTo = [], discoveryType, external }: MeshService): string {
  return JSON.stringify([namespace, [...exportTo].sort(), discoveryType, external])
}

function unite(older: MeshService, younger: MeshService): MeshService {
  const numbers = new Set(older.ports.map(({ number }) => number))
  const addresses = [...new Set([...(older.addresses ?? []), ...(younger.addresses ?? [])])]
  return {
    ...older,
    ports: [...older.ports, ...younger.ports.filter(({ number }) => !numbers.has(number))],
    selector: older.selector ?? younger.selector,
    ...(addresses.length === 0 ? {} : { addresses }),
  }
}
