import { HOST_INDEX_NAME, type HostIndexUpdate, type ResourceKey, resourceKey } from '@weft/mesh-protocol'
import type { Model } from '../registry/model.ts'
import { visibleHosts } from '../translate/hosts.ts'
import { Collection, type Item } from './collection.ts'
import { itemHash } from './content-hash.ts'

const TYPE = 'HostIndex'

export const HOST_INDEX_KEY: ResourceKey = resourceKey(TYPE, HOST_INDEX_NAME)

/** The host index as a collection; it travels in one piece. */
export class HostIndexState {
  readonly hosts: Collection<string>
  private items = new Map<string, Item<string>>()

  constructor(model: Model) {
    const { domain } = model
    this.hosts = new Collection(
      {
        key: HOST_INDEX_KEY,
        pageSize: Number.MAX_SAFE_INTEGER,
        encode: ({ version, base, upserts, removed }) =>
          JSON.stringify({
            type: TYPE,
            name: HOST_INDEX_NAME,
            version,
            domain,
            hosts: upserts,
            ...(base === undefined ? {} : { base, removed }),
          } satisfies HostIndexUpdate),
      },
      this.itemsOf(model),
    )
  }

  /** False: nothing changed. */
  refresh(model: Model): boolean {
    return this.hosts.replace(this.itemsOf(model))
  }

  private itemsOf(model: Model): Iterable<Item<string>> {
    const items = new Map<string, Item<string>>()
    for (const host of visibleHosts(model)) {
      items.set(host, this.items.get(host) ?? { id: host, value: host, hash: itemHash(host) })
    }
    this.items = items
    return items.values()
  }
}
