import { item } from '../../config/field-path.ts'
import type { HttpMatchRequest, VirtualServiceSpec } from '../../config/spec/virtual-service.ts'
import type { Finding } from '../finding.ts'
import type { MeshView } from '../mesh-view.ts'

/** WEFT0301: matches on a path that an earlier route takes by its prefix, whatever else the request has. */
export function* coveredMatches({ ofKind }: MeshView): Generator<Finding> {
  for (const subject of ofKind<VirtualServiceSpec>('VirtualService')) {
    const prefixes = new PrefixSet()
    for (const [index, { match = [] }] of (subject.resource.spec.http ?? []).entries()) {
      for (const [position, { uri }] of match.entries()) {
        const path = uri?.exact ?? uri?.prefix
        const cover = path === undefined ? undefined : prefixes.coverOf(path)
        if (cover === undefined) continue
        const field = item(`${item('spec.http', index)}.match`, position)
        yield {
          code: 'WEFT0301',
          subject,
          field,
          message: `never used: an earlier route takes every path below ${cover}`,
        }
      }
      for (const each of match) prefixes.add(each)
    }
  }
}

/** Fields that narrow nothing. */
const HARMLESS: readonly string[] = ['uri', 'name', 'statPrefix']

/**
 * Path prefixes that are matched without any other condition. A hash that goes along a path tells at each of its characters
 * whether one may end there, so that the time is that of reading the path, however many prefixes there are.
 */
class PrefixSet {
  private readonly byHash = new Map<number, string[]>()

  add(match: HttpMatchRequest): void {
    const prefix = match.uri?.prefix
    if (prefix === undefined || Object.keys(match).some((name) => !HARMLESS.includes(name))) return
    let hash = 0
    for (let at = 0; at < prefix.length; at++) hash = step(hash, prefix, at)
    const same = this.byHash.get(hash)
    if (same === undefined) this.byHash.set(hash, [prefix])
    else if (!same.includes(prefix)) same.push(prefix)
  }

  /** The one that takes the path, and every path below it. */
  coverOf(path: string): string | undefined {
    let hash = 0
    for (let length = 0; ; length++) {
      const cover = this.byHash.get(hash)?.find((prefix) => prefix.length === length && path.startsWith(prefix))
      if (cover !== undefined || length === path.length) return cover
      hash = step(hash, path, length)
    }
  }
}

function step(hash: number, text: string, at: number): number {
  return (Math.imul(hash, 31) + text.charCodeAt(at) + 1) | 0
}
