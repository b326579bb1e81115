import { HOST_INDEX_NAME, type HostIndexUpdate, type ResourceKey, resourceKey } from '@weft/mesh-protocol'
import type { TranslateContext } from '../translate/context.ts'
import { isCallable, outboundTrafficPolicy, visibleHosts } from '../translate/hosts.ts'
import { Collection, type Item } from './collection.ts'
import { EMPTY_SUM, type ItemHash, itemHash } from './content-hash.ts'

/** The item that stands for a host. */
type ItemOf = (host: string) => Item<string>

const TYPE = 'HostIndex'

export const HOST_INDEX_KEY: ResourceKey = resourceKey(TYPE, HOST_INDEX_NAME)

type OutboundMode = ReturnType<typeof outboundTrafficPolicy>

/** The host index of all clients for which it is equal, as a collection; it travels in one piece. */
export class HostIndexState {
  readonly key: string
  readonly hosts: Collection<string>
  /** Scopes that use it. */
  users = 0
  private readonly itemOf: ItemOf
  private mode: OutboundMode

  constructor(key: string, context: TranslateContext, itemOf: ItemOf) {
    this.key = key
    this.itemOf = itemOf
    this.mode = outboundTrafficPolicy(context)
    const { domain } = context.model
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
            ...(this.mode === 'ALLOW_ANY' ? {} : { outboundTrafficPolicy: this.mode }),
            ...(base === undefined ? {} : { base, removed }),
          } satisfies HostIndexUpdate),
      },
      this.itemsOf(context),
      seedOf(this.mode),
    )
  }

  /**
   * False: nothing changed.
   *
   * @param hosts all that may have come or gone; `undefined`: any
   */
  refresh(context: TranslateContext, hosts: Iterable<string> | undefined): boolean {
    const mode = outboundTrafficPolicy(context)
    const otherwise = mode !== this.mode
    if (otherwise) {
      this.mode = mode
      this.hosts.reseed(seedOf(mode))
    }
    const moved =
      hosts === undefined
        ? this.hosts.replace(this.itemsOf(context))
        : this.hosts.patch(
            Array.from(hosts, (host) => [host, isCallable(context, host) ? this.itemOf(host) : undefined] as const),
          )
    return moved || otherwise
  }

  private *itemsOf(context: TranslateContext): Generator<Item<string>> {
    for (const host of visibleHosts(context)) yield this.itemOf(host)
  }
}

/** What tells versions of equal hosts apart. */
function seedOf(mode: OutboundMode): ItemHash {
  return mode === 'ALLOW_ANY' ? EMPTY_SUM : itemHash(mode)
}
