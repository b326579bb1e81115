import type { Model } from '../registry/model.ts'
import type { TranslateContext } from '../translate/context.ts'
import { hostIndexKey } from '../translate/hosts.ts'
import { specialNamespaces } from '../translate/special-namespaces.ts'
import type { Item } from './collection.ts'
import { itemHash } from './content-hash.ts'
import { HostIndexState } from './host-index.ts'

/** The host indexes in use, shared between the scopes for which they are equal. */
export class HostIndexes {
  private readonly byKey = new Map<string, HostIndexState>()
  private readonly items = new Map<string, Item<string>>()
  private special: { readonly model: Model; readonly namespaces: ReadonlySet<string> } | undefined

  /**
   * The index of a scope now; to be released again.
   *
   * @param model as nobody in particular sees it
   */
  acquire(context: TranslateContext, model: Model): HostIndexState {
    const key = hostIndexKey(context, this.specialNamespaces(model))
    const state = this.byKey.get(key) ?? new HostIndexState(key, context, (host) => this.item(host))
    this.byKey.set(key, state)
    state.users++
    return state
  }

  release(state: HostIndexState): void {
    if (--state.users === 0) this.byKey.delete(state.key)
  }

  /** Hosts that no service has any more. */
  forget(hosts: Iterable<string>): void {
    for (const host of hosts) this.items.delete(host)
  }

  /** One for all indexes. */
  private item(host: string): Item<string> {
    const known = this.items.get(host)
    if (known !== undefined) return known
    const made = { id: host, value: host, hash: itemHash(host) }
    this.items.set(host, made)
    return made
  }

  private specialNamespaces(model: Model): ReadonlySet<string> {
    const known = this.special
    if (known !== undefined && sees(known.model, model)) return known.namespaces
    this.special = { model, namespaces: specialNamespaces(model) }
    return this.special.namespaces
  }
}

const sees = (a: Model, b: Model): boolean =>
  a.services === b.services && a.mesh === b.mesh && a.virtualServices === b.virtualServices
