import type { RbacCondition } from '@weft/mesh-protocol'
import type { AuthzRequest, RequestTest } from './authz-request.ts'
import { type Entry, firstOf } from './text-index.ts'

/** Something that keeps a condition from holding where it holds itself; equal keys mean the same. */
export interface Bar {
  readonly key: string
  readonly test: RequestTest
}

export interface BarredEntry<T> {
  readonly entry: Entry<T>
  readonly bars: readonly Bar[]
}

/** From so many on it pays to ask about what they share first. */
const MANY = 5

/** What a condition negates: where one of these holds, it does not. */
export function negatedIn(condition: RbacCondition): readonly RbacCondition[] {
  if ('and' in condition) return condition.and.flatMap(negatedIn)
  if ('or' in condition) return condition.or.length === 1 ? condition.or.flatMap(negatedIn) : []
  if (!('not' in condition)) return []
  return 'or' in condition.not ? condition.not.or : [condition.not]
}

/** Conditions that nothing a request has can tell apart: those with a negation in common are left out together where it bars them. */
export class Barred<T> {
  readonly #groups: { readonly test: RequestTest; readonly inside: Barred<T> }[] = []
  readonly #loose: readonly Entry<T>[]

  constructor(all: readonly BarredEntry<T>[]) {
    let left = all
    for (let bar = mostShared(left); bar !== undefined; bar = mostShared(left)) {
      const { key, test } = bar
      const has = ({ bars }: BarredEntry<T>): boolean => bars.some((each) => each.key === key)
      const inside = left
        .filter(has)
        .map(({ entry, bars }) => ({ entry, bars: bars.filter((each) => each.key !== key) }))
      this.#groups.push({ test, inside: new Barred(inside) })
      left = left.filter((each) => !has(each))
    }
    this.#loose = left.map(({ entry }) => entry)
  }

  find(request: AuthzRequest): Entry<T> | undefined {
    for (const { test, inside } of this.#groups) {
      if (test(request)) continue
      const found = inside.find(request)
      if (found !== undefined) return found
    }
    return firstOf(this.#loose, request)
  }
}

/** The bar of most of them; `undefined`: none is shared by many. */
function mostShared(all: readonly BarredEntry<unknown>[]): Bar | undefined {
  const uses = new Map<string, number>()
  let best: Bar | undefined
  let most = MANY - 1
  for (const { bars } of all) {
    for (const bar of bars) {
      const count = (uses.get(bar.key) ?? 0) + 1
      uses.set(bar.key, count)
      if (count > most) {
        most = count
        best = bar
      }
    }
  }
  return best
}
