import type { PathMatcher } from '@weft/mesh-protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileMatch } from '../../../../packages/mesh-client/src/routing/compile-match.ts'
import { PrefixTree } from '../../../../packages/mesh-client/src/routing/prefix-tree.ts'
import {
  createRouteFinder,
  indexRoutes,
  type MatchableRoute,
  scanRoutes,
} from '../../../../packages/mesh-client/src/routing/route-index.ts'
import type { CompiledRoute, RouteRequest } from '../../../../packages/mesh-client/src/routing/route-table.ts'

interface Condition {
  readonly path: PathMatcher | undefined
  readonly caseSensitive: boolean
  readonly header: string | undefined
}

function matchable({ path, caseSensitive, header }: Condition, position: number): MatchableRoute {
  const match = {
    ...(path === undefined ? {} : { path }),
    caseSensitive,
    ...(header === undefined ? {} : { headers: [{ name: 'x', stringMatch: { exact: header } }] }),
  }
  return {
    match: compileMatch(match, '', []),
    path: caseSensitive ? path : undefined,
    route: { name: String(position) } as CompiledRoute,
  }
}

function request(path: string, x?: string): RouteRequest {
  return { method: 'GET', scheme: 'http', authority: 'a', path, header: (name) => (name === 'x' ? x : undefined) }
}

/** Few characters, so that paths meet often. */
const text = fc.string({ unit: fc.constantFrom('/', 'a', 'b', 'A'), maxLength: 6 })
const path = text.map((rest) => `/${rest}`)
const matcher: fc.Arbitrary<PathMatcher> = fc.oneof(
  path.map((exact) => ({ exact })),
  text.map((prefix) => ({ prefix: prefix === '' ? '' : `/${prefix}` })),
  path.map((prefix) => ({ pathSeparatedPrefix: prefix.replace(/\/+$/, '') })),
  fc
    .constantFrom('.*', '/a.*', '/(a|b)/.*', '/a/b+', '^/ab?', '/a/[ab]', '/a\\/.', '(?i)/a.*', '/a|/b')
    .map((regex) => ({ regex })),
)
const condition: fc.Arbitrary<Condition> = fc.record({
  path: fc.option(matcher, { nil: undefined }),
  caseSensitive: fc.boolean(),
  header: fc.option(fc.constantFrom('1', '2'), { nil: undefined }),
})

describe('finding the first route that matches', () => {
  test('gives what trying each in turn gives', () => {
    const asked = fc.tuple(path, fc.constantFrom('', '?a=/b', '#x'), fc.option(fc.constantFrom('1', '2', '3')))
    fc.assert(
      fc.property(fc.array(condition, { maxLength: 30 }), fc.array(asked, { minLength: 1 }), (conditions, requests) => {
        const routes = conditions.map(matchable)
        const [scan, index] = [scanRoutes(routes), indexRoutes(routes)]
        for (const [at, query, x] of requests) {
          const given = request(at + query, x ?? undefined)
          expect(index(given)?.name).toBe(scan(given)?.name)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('does not try the conditions of routes that the path leaves out', () => {
    let tried = 0
    const counted = (position: number): MatchableRoute => {
      const exact = { exact: `/item/${position}` }
      const made = matchable({ path: exact, caseSensitive: true, header: undefined }, position)
      const headers = [{ read: () => undefined, test: () => Boolean(++tried) }]
      return { ...made, match: { ...made.match, headers } }
    }
    const find = createRouteFinder(Array.from({ length: 10_000 }, (_, position) => counted(position)))
    expect(find(request('/item/9999?x=1'))?.name).toBe('9999')
    expect(find(request('/item/10000'))).toBeUndefined()
    expect(tried).toBe(1)
  })
})

describe('a prefix tree', () => {
  test('finds every prefix of a text, the shortest first', () => {
    fc.assert(
      fc.property(fc.uniqueArray(text, { maxLength: 40 }), text, (prefixes, asked) => {
        const tree = new PrefixTree<string>()
        for (const prefix of prefixes) tree.at(prefix, () => prefix)
        const found: string[] = []
        tree.visit(asked, (value, length) => found.push(value.slice(0, length)))
        expect(found).toEqual(prefixes.filter((prefix) => asked.startsWith(prefix)).sort((a, b) => a.length - b.length))
      }),
    )
  })

  test('makes the value of a prefix once', () => {
    const tree = new PrefixTree<object>()
    expect(tree.at('/a', () => ({}))).toBe(tree.at('/a', () => ({})))
  })
})
