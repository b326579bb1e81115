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

/** Path prefixes that are matched without any other condition; for each length that there is, one look-up. */
class PrefixSet {
  private readonly prefixes = new Set<string>()
  private readonly lengths = new Set<number>()

  add(match: HttpMatchRequest): void {
    const prefix = match.uri?.prefix
    if (prefix === undefined || Object.keys(match).some((name) => !HARMLESS.includes(name))) return
    this.prefixes.add(prefix)
    this.lengths.add(prefix.length)
  }

  /** The one that takes the path, and every path below it. */
  coverOf(path: string): string | undefined {
    for (const length of this.lengths) {
      const start = path.slice(0, length)
      if (length <= path.length && this.prefixes.has(start)) return start
    }
    return undefined
  }
}
