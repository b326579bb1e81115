import type { ConfigResource } from '../config/resource.ts'

interface Item {
  readonly key: string
  readonly createRevision: number
  readonly resource: ConfigResource
}

/** The resources of one kind, oldest first, then by key. Immutable. */
export class ConfigList {
  readonly resources: readonly ConfigResource[]
  private readonly items: readonly Item[]

  constructor(items: readonly Item[] = []) {
    this.items = items
    this.resources = items.map(({ resource }) => resource)
  }

  /** The list with these replaced, added or (where there is no item) removed. */
  with(changes: ReadonlyMap<string, Item | undefined>): ConfigList {
    const items = this.items.filter(({ key }) => !changes.has(key))
    for (const item of changes.values()) if (item !== undefined) items.push(item)
    return new ConfigList(items.sort((a, b) => a.createRevision - b.createRevision || (a.key < b.key ? -1 : 1)))
  }
}

export type { Item as ConfigItem }
