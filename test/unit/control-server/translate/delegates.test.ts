import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type {
  HttpMatchRequest,
  HttpRoute,
  StringMatch,
} from '../../../../packages/control-server/src/config/spec/virtual-service.ts'
import {
  matchesConflict,
  mergeDelegate,
  mergeMatches,
} from '../../../../packages/control-server/src/translate/delegates.ts'

describe('a match of a delegate against that of its root', () => {
  test.each<[string, StringMatch | undefined, StringMatch | undefined, boolean]>([
    ['nothing said by the root', undefined, { exact: '/a' }, false],
    ['nothing said by the delegate', { regex: '.*' }, undefined, false],
    ['the same', { exact: '/a' }, { exact: '/a' }, false],
    ['another', { exact: '/a' }, { exact: '/b' }, true],
    ['within', { prefix: '/a' }, { exact: '/a' }, false],
    ['within, by text and not by segment', { prefix: '/a' }, { prefix: '/ab' }, false],
    ['the whole', { prefix: '/a' }, { prefix: '/a' }, false],
    ['around', { prefix: '/a/b' }, { prefix: '/a' }, true],
    ['a prefix within one text', { exact: '/a' }, { prefix: '/a' }, true],
    ['a regex of the root', { regex: '/a' }, { exact: '/a' }, true],
    ['a regex of the delegate', { prefix: '/' }, { regex: '/a' }, true],
    ['two regexes, even the same', { regex: '/a' }, { regex: '/a' }, true],
    ['presence, within presence', {}, {}, true],
    ['presence, where the root has a text', { exact: 'a' }, {}, true],
    ['presence, where the root has a prefix', { prefix: 'a' }, {}, true],
    ['a text, where the root asks for presence', {}, { exact: 'a' }, true],
    ['an empty prefix, which is none', { prefix: '' }, { prefix: 'a' }, true],
  ])('%s: of %j and %j', (_, root, own, conflict) => {
    const at = (match: StringMatch | undefined): HttpMatchRequest[] => [
      match === undefined ? {} : { uri: match },
      match === undefined ? {} : { headers: { x: match } },
      match === undefined ? {} : { queryParams: { q: match } },
      match === undefined ? {} : { withoutHeaders: { x: match } },
    ]
    const owns = at(own)
    expect(at(root).map((each, index) => matchesConflict(each, owns[index] ?? {}))).toEqual(owns.map(() => conflict))
  })

  test.each<[string, HttpMatchRequest, HttpMatchRequest, boolean]>([
    ['another header is no matter', { headers: { a: { exact: '1' } } }, { headers: { b: { regex: '2' } } }, false],
    ['letters of either case', { ignoreUriCase: true }, {}, true],
    ['letters as they are, said or not', { ignoreUriCase: false }, {}, false],
    ['a port of one of them', { port: 80 }, {}, false],
    ['two ports', { port: 80 }, { port: 81 }, true],
    ['port 0, which is none', { port: 80 }, { port: 0 }, false],
    ['a namespace of the root alone', { sourceNamespace: 'a' }, {}, true],
    ['a namespace of the delegate alone', {}, { sourceNamespace: 'a' }, false],
    ['labels beside each other', { sourceLabels: { a: '1' } }, { sourceLabels: { b: '2' } }, false],
    ['labels against each other', { sourceLabels: { a: '1' } }, { sourceLabels: { a: '2' } }, true],
    ['a gateway among those of the root', { gateways: ['mesh', 'b'] }, { gateways: ['mesh'] }, false],
    ['more gateways than the root has', { gateways: ['mesh'] }, { gateways: ['mesh', 'mesh'] }, true],
    ['no gateways of the delegate', { gateways: ['mesh'] }, { gateways: [] }, false],
    ['labels named as what objects have', { sourceLabels: {} }, { sourceLabels: { constructor: 'a' } }, false],
  ])('%s: %j and %j', (_, root, own, conflict) => {
    expect(matchesConflict(root, own)).toBe(conflict)
  })
})

describe('matches of both', () => {
  test.each<[string, HttpMatchRequest[], HttpMatchRequest[], HttpMatchRequest[] | undefined]>([
    ['none of either', [], [], []],
    ['none of the root', [], [{ port: 1 }], [{ port: 1 }]],
    ['none of the delegate', [{ port: 1 }], [], [{ port: 1 }]],
    [
      'each with each',
      [{ port: 1 }, { port: 2 }],
      [{ method: { exact: 'GET' } }],
      [
        { port: 1, method: { exact: 'GET' } },
        { port: 2, method: { exact: 'GET' } },
      ],
    ],
    ['those that go together', [{ port: 1 }, { port: 2 }], [{ port: 2 }], [{ port: 2 }]],
    ['one that goes with none spoils all', [{ port: 1 }], [{ port: 1 }, { port: 2 }], undefined],
    ['names are joined', [{ name: 'r' }], [{ name: 'd' }, {}], [{ name: 'r-d' }, { name: 'r' }]],
    [
      'what is empty is as not there',
      [{ port: 1, gateways: ['mesh'] }],
      [{ port: 0, gateways: [] }],
      [{ port: 1, gateways: ['mesh'] }],
    ],
  ])('%s', (_, root, own, expected) => {
    expect(mergeMatches(root, own)).toEqual(expected)
  })
})

test('what a route of the delegate has stands, even where it is nothing', () => {
  const root: HttpRoute = {
    name: 'r',
    timeout: '5s',
    retries: { attempts: 3 },
    headers: { request: { remove: ['x'] } },
  }
  const own: HttpRoute[] = [{ name: 'd', timeout: '0s' }, { retries: {} }]
  expect(mergeDelegate({ ...root, delegate: { name: 'd' } }, own)).toEqual([
    { name: 'r-d', timeout: '0s', retries: { attempts: 3 }, headers: { request: { remove: ['x'] } } },
    { name: 'r', timeout: '5s', retries: {}, headers: { request: { remove: ['x'] } } },
  ])
})

/** A request, as far as these matches look at it. */
interface Asked {
  readonly uri: string
  readonly headers: Readonly<Record<string, string>>
  readonly port: number
  readonly labels: Readonly<Record<string, string>>
}

function holdsText(match: StringMatch, text: string): boolean {
  return match.exact === undefined ? text.startsWith(match.prefix ?? '') : text === match.exact
}

function holds(match: HttpMatchRequest, asked: Asked): boolean {
  return (
    (match.uri === undefined || holdsText(match.uri, asked.uri)) &&
    Object.entries(match.headers ?? {}).every(([name, value]) => {
      const given = asked.headers[name]
      return given !== undefined && holdsText(value, given)
    }) &&
    ((match.port ?? 0) === 0 || match.port === asked.port) &&
    Object.entries(match.sourceLabels ?? {}).every(([key, value]) => asked.labels[key] === value)
  )
}

const text = fc.stringMatching(/^\/[ab]{0,2}$/)
const match: fc.Arbitrary<StringMatch> = fc.oneof(
  text.map((exact) => ({ exact })),
  text.map((prefix) => ({ prefix })),
)
const maybe = <T>(key: string, value: fc.Arbitrary<T>): fc.Arbitrary<object> =>
  fc.option(value).map((given) => (given === null ? {} : { [key]: given }))
const anyMatch: fc.Arbitrary<HttpMatchRequest> = fc
  .tuple(
    maybe('uri', match),
    maybe('headers', fc.dictionary(fc.constantFrom('x', 'y'), match)),
    maybe('port', fc.constantFrom(0, 1, 2)),
    maybe('sourceLabels', fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2'))),
  )
  .map((parts) => Object.assign({}, ...parts))
const request: fc.Arbitrary<Asked> = fc.record({
  uri: text,
  headers: fc.dictionary(fc.constantFrom('x', 'y'), text),
  port: fc.constantFrom(1, 2),
  labels: fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2')),
})

test('two matches that go together hold as one exactly where both hold', () => {
  fc.assert(
    fc.property(anyMatch, anyMatch, fc.array(request, { minLength: 1, maxLength: 30 }), (root, own, requests) => {
      const merged = mergeMatches([root], [own])
      if (merged === undefined) return
      for (const each of requests) {
        expect(merged.some((one) => holds(one, each))).toBe(holds(root, each) && holds(own, each))
      }
    }),
    { numRuns: 1_000 },
  )
})

test('a delegate never takes more than its root gives it', () => {
  const several = fc.array(anyMatch, { maxLength: 3 })
  fc.assert(
    fc.property(several, several, fc.array(request, { minLength: 1, maxLength: 30 }), (root, own, requests) => {
      const merged = mergeMatches(root, own)
      if (merged === undefined) return
      const some = (all: readonly HttpMatchRequest[], each: Asked): boolean =>
        all.length === 0 || all.some((one) => holds(one, each))
      for (const each of requests) {
        if (some(merged, each)) expect(some(root, each) && some(own, each)).toBe(true)
      }
    }),
    { numRuns: 1_000 },
  )
})
