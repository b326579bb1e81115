import { HOST_INDEX_NAME, type HostIndexUpdate, type ResourceKey, resourceKey } from '@weft/mesh-protocol'
import type { TranslateContext } from '../translate/context.ts'
import { isCallable, outboundTrafficPolicy, visibleHosts } from '../translate/hosts.ts'
import { Collection, type Item } from './collection.ts'
import { EMPTY_SUM, itemHash } from './content-hash.ts'
import type { PayloadFormat } from './payload.ts'

/** The item that stands for a host. */
type ItemOf = (host: string) => Item<string>

const TYPE = 'HostIndex'

export const HOST_INDEX_KEY: ResourceKey = resourceKey(TYPE, HOST_INDEX_NAME)

type OutboundMode = ReturnType<typeof outboundTrafficPolicy>

/** The host index of all clients for which it is equal, as a collection; it travels in one piece. */
export class HostIndexState {
  readonly key: string
  /** Scopes that use it. */
  users = 0
  private readonly itemOf: ItemOf
  private mode: OutboundMode
  private collection: Collection<string>

  constructor(key: string, context: TranslateContext, itemOf: ItemOf) {
    this.key = key
    this.itemOf = itemOf
    this.mode = outboundTrafficPolicy(context)
    this.collection = this.make(context)
  }

  get hosts(): Collection<string> {
    return this.collection
  }

  /**
   * False: nothing changed.
   *
   * @param hosts all that may have come or gone; `undefined`: any
   */
  refresh(context: TranslateContext, hosts: Iterable<string> | undefined): boolean {
    const mode = outboundTrafficPolicy(context)
    if (mode !== this.mode) {
      this.mode = mode
      this.collection = this.make(context)
      return true
    }
    if (hosts === undefined) return this.collection.replace(this.itemsOf(context))
    const changes = Array.from(
      hosts,
      (host) => [host, isCallable(context, host) ? this.itemOf(host) : undefined] as const,
    )
    return this.collection.patch(changes)
  }

  private make(context: TranslateContext): Collection<string> {
    const { mode } = this
    const seed = mode === 'ALLOW_ANY' ? EMPTY_SUM : itemHash(mode)
    return new Collection(format(context.model.domain, mode), this.itemsOf(context), seed)
  }

  private *itemsOf(context: TranslateContext): Generator<Item<string>> {
    for (const host of visibleHosts(context)) yield this.itemOf(host)
  }
}

function format(domain: string, mode: OutboundMode): PayloadFormat<string> {
  const policy = mode === 'ALLOW_ANY' ? {} : { outboundTrafficPolicy: mode }
  return {
    key: HOST_INDEX_KEY,
    pageSize: Number.MAX_SAFE_INTEGER,
    encode: ({ version, base, upserts, removed }) =>
      JSON.stringify({
        type: TYPE,
        name: HOST_INDEX_NAME,
        version,
        domain,
        hosts: upserts,
        ...policy,
        ...(base === undefined ? {} : { base, removed }),
      } satisfies HostIndexUpdate),
  }
}
