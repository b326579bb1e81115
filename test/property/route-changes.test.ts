import type { HeaderMutations, RedirectAction } from '@weft/mesh-protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileMutations } from '../../packages/mesh-client/src/routing/compile-mutations.ts'
import { compileLocation } from '../../packages/mesh-client/src/routing/compile-redirect.ts'
import type { RouteRequest } from '../../packages/mesh-client/src/routing/route-table.ts'

const NAMES = ['x-a', 'x-b', 'x-c']
const name = fc.constantFrom(...NAMES)
const value = fc.stringMatching(/^[a-z]{1,3}$/)
const sent = fc.array(fc.tuple(name, value), { maxLength: 6 }).map((pairs) => pairs.flat())
const set = fc.record({ name, value, appendAction: fc.constant('OVERWRITE_IF_EXISTS_OR_ADD' as const) })
const added = fc.record({ name, value, appendAction: fc.constant('APPEND_IF_EXISTS_OR_ADD' as const) })

function changed(
  route: HeaderMutations,
  destination: HeaderMutations,
  single: boolean,
  headers: readonly string[],
): readonly string[] {
  const at = (mutations: HeaderMutations): Parameters<typeof compileMutations>[0] => ({ mutations, field: 'f' })
  return compileMutations(at(route), at(destination), single, [])?.request(headers) ?? headers
}

const valuesOf = (headers: readonly string[], wanted: string): string[] =>
  headers.filter((_, at) => at % 2 === 1 && headers[at - 1] === wanted)

describe('changes of headers', () => {
  test('that set and remove are the same done twice', () => {
    const changes = fc.record({ requestHeadersToAdd: fc.array(set), requestHeadersToRemove: fc.array(name) })
    fc.assert(
      fc.property(changes, changes, fc.boolean(), sent, (route, destination, single, headers) => {
        const once = changed(route, destination, single, headers)
        const twice = changed(route, destination, single, once)
        for (const each of NAMES) expect(valuesOf(twice, each)).toEqual(valuesOf(once, each))
      }),
    )
  })

  test('that add keep what was there and come after it, and leave other names alone', () => {
    fc.assert(
      fc.property(fc.array(added), sent, (requestHeadersToAdd, headers) => {
        const result = changed({ requestHeadersToAdd }, {}, true, headers)
        for (const each of NAMES) {
          const more = requestHeadersToAdd.filter((option) => option.name === each).map((option) => option.value)
          expect(valuesOf(result, each)).toEqual([...valuesOf(headers, each), ...more])
        }
      }),
    )
  })
})

test('who follows a redirect and is redirected by the same rule again comes to the same place', () => {
  const port = fc.constantFrom(80, 443, 8080)
  const place = fc.oneof(
    fc.record({ host: fc.constantFrom('other', 'other:8080', '[::1]:9') }),
    fc.record({ port }),
    fc.record({ host: fc.constant('other'), port }),
    fc.constant({}),
  )
  const rest = fc.record(
    { scheme: fc.constantFrom('http', 'https'), pathRedirect: fc.constantFrom('/b', '/b?c=d', 'b') },
    { requiredKeys: [] },
  )
  const asked: fc.Arbitrary<RouteRequest> = fc.record({
    method: fc.constant('GET'),
    scheme: fc.constantFrom('http', 'https'),
    authority: fc.constantFrom('reviews', 'reviews:80', 'reviews:9080', '[::2]', '[::2]:443'),
    path: fc.constantFrom('/', '/a', '/a?q=1'),
    header: fc.constant(() => undefined),
  })
  fc.assert(
    fc.property(place, rest, asked, (where, how, request) => {
      const redirect: RedirectAction = { responseCode: 301, ...where, ...how }
      const locate = compileLocation(redirect, undefined, 80, 'f', [])
      const first = locate(request)
      const [, scheme = '', authority = '', path = ''] = /^(\w+):\/\/([^/]+)(.*)$/.exec(first) ?? []
      expect(locate({ ...request, scheme, authority, path })).toBe(first)
    }),
  )
})
