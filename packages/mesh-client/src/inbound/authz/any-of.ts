import type { RbacCondition } from '@weft/mesh-protocol'
import type { AddressAttribute, TextAttribute } from './attributes.ts'
import type { AuthzRequest, RequestTest } from './authz-request.ts'
import { type Bar, Barred, type BarredEntry } from './barred.ts'
import { CidrIndex } from './cidr-index.ts'
import { type Cover, type Covers, coversOf, sizeOf } from './cover.ts'
import { type Entry, TextIndex } from './text-index.ts'

/** A condition, as it was written and compiled, and what is told where it holds. */
export interface Alternative<T> {
  readonly condition: RbacCondition
  readonly test: RequestTest
  readonly label: T
  /** Absent: none that others share is known. */
  readonly bars?: readonly Bar[]
}

interface ByText<T> {
  readonly attribute: TextAttribute
  readonly index: TextIndex<T>
}

interface ByAddress<T> {
  readonly attribute: AddressAttribute
  readonly index: CidrIndex<T>
}

/**
 * Finds one of many conditions that holds, and looks at few of them: each is filed under what a request has to have for it to
 * hold (a path, a principal, an address …), by whichever attribute tells it from most others.
 */
export class AnyOf<T> {
  readonly #texts: ByText<T>[] = []
  readonly #addresses: ByAddress<T>[] = []
  /** What can be told by nothing. */
  readonly #others: Barred<T>

  constructor(alternatives: readonly Alternative<T>[]) {
    const covers = alternatives.map(({ condition }) => coversOf(condition))
    const uses = countUses(covers)
    const others: BarredEntry<T>[] = []
    for (const [index, { test, label, bars = [] }] of alternatives.entries()) {
      const entry = { test, label }
      const cover = mostTelling(covers[index] as Covers, uses)
      if (cover === undefined) others.push({ entry, bars })
      else if ('keys' in cover) for (const key of cover.keys) this.#byText(cover.attribute).add(key, entry)
      else for (const range of cover.ranges) this.#byAddress(cover.attribute).add(range, entry)
    }
    this.#others = new Barred(others)
  }

  find(request: AuthzRequest): Entry<T> | undefined {
    for (const { attribute, index } of this.#texts) {
      const value = attribute.read(request)
      const found = typeof value === 'string' ? index.find(value, request) : findAny(value, index, request)
      if (found !== undefined) return found
    }
    for (const { attribute, index } of this.#addresses) {
      const address = attribute.read(request)
      const found = address === undefined ? undefined : index.find(address, request)
      if (found !== undefined) return found
    }
    return this.#others.find(request)
  }

  #byText(attribute: TextAttribute): TextIndex<T> {
    const known = this.#texts.find((each) => each.attribute.key === attribute.key)
    if (known !== undefined) return known.index
    const index = new TextIndex<T>()
    this.#texts.push({ attribute, index })
    return index
  }

  #byAddress(attribute: AddressAttribute): CidrIndex<T> {
    const known = this.#addresses.find((each) => each.attribute.key === attribute.key)
    if (known !== undefined) return known.index
    const index = new CidrIndex<T>()
    this.#addresses.push({ attribute, index })
    return index
  }
}

function findAny<T>(
  values: readonly string[] | undefined,
  index: TextIndex<T>,
  request: AuthzRequest,
): Entry<T> | undefined {
  if (values === undefined) return undefined
  for (const value of values) {
    const found = index.find(value, request)
    if (found !== undefined) return found
  }
  return undefined
}

/** How many alternatives each key would have to be filed under it. */
function countUses(all: readonly Covers[]): ReadonlyMap<string, number> {
  const uses = new Map<string, number>()
  for (const covers of all) {
    for (const cover of covers.values()) {
      for (const name of namesOf(cover)) uses.set(name, (uses.get(name) ?? 0) + 1)
    }
  }
  return uses
}

function* namesOf(cover: Cover): Generator<string> {
  const { key } = cover.attribute
  if ('keys' in cover) for (const { kind, text } of cover.keys) yield `${key}\n${kind}\n${text}`
  else for (const range of cover.ranges) yield `${key}\n${range.bits}\n${range.key}`
}

/** The one whose keys have the fewest others beside it; of equal ones that of fewer keys. */
function mostTelling(covers: Covers, uses: ReadonlyMap<string, number>): Cover | undefined {
  let best: Cover | undefined
  let fewest = Number.POSITIVE_INFINITY
  for (const cover of covers.values()) {
    let crowd = 0
    for (const name of namesOf(cover)) crowd = Math.max(crowd, uses.get(name) ?? 0)
    if (crowd < fewest || (crowd === fewest && best !== undefined && sizeOf(cover) < sizeOf(best))) {
      best = cover
      fewest = crowd
    }
  }
  return best
}
