import type { PathMatcher, RouteRewrite, Violation } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { compilePathRewrite } from '../../../../packages/mesh-client/src/routing/compile-rewrite.ts'

function rewrite(rewrite: RouteRewrite, match: PathMatcher | undefined, path: string): string | undefined {
  const violations: Violation[] = []
  const compiled = compilePathRewrite({ rewrite, field: 'route' }, match, violations)
  expect(violations).toEqual([])
  return compiled?.(path)
}

describe('a prefix rewrite', () => {
  test.each<[string, PathMatcher | undefined, string, string, string]>([
    ['takes the place of the prefix as text', { prefix: '/foo' }, '/bar', '/foobaz/x?q=1', '/barbaz/x?q=1'],
    ['with slashes', { prefix: '/ratings/' }, '/', '/ratings/1', '/1'],
    ['to a root without slash', { prefix: '/foo' }, '/', '/foo/x', '//x'],
    ['of a slash', { prefix: '/' }, '/v2/', '/x', '/v2/x'],
    ['of an exact path takes the whole', { exact: '/foo' }, '/bar', '/foo?q', '/bar?q'],
    ['of a regex takes the whole', { regex: '/.*/x' }, '/bar', '/foo/x?q', '/bar?q'],
    ['of another case', { prefix: '/Foo' }, '/bar', '/FOO/x', '/bar/x'],
    ['of segments', { pathSeparatedPrefix: '/foo' }, '/bar', '/foo/x?q', '/bar/x?q'],
    ['of segments to the root', { pathSeparatedPrefix: '/foo' }, '/', '/foo/x', '/x'],
    ['of segments, the prefix alone', { pathSeparatedPrefix: '/foo' }, '/', '/foo?q', '/?q'],
    ['of segments, with a slash at its end', { pathSeparatedPrefix: '/foo' }, '/xyz/', '/foo/bar', '/xyz/bar'],
    ['of segments to nothing', { pathSeparatedPrefix: '/foo' }, '', '/foo/', '/'],
    ['of any path goes before it', undefined, '/xyz', '/bar?q', '/xyz/bar?q'],
    ['to a text without slash', { prefix: '/foo' }, 'bar', '/foo', '/bar'],
  ])('%s', (_, match, prefixRewrite, path, expected) => {
    expect(rewrite({ prefixRewrite }, match, path)).toBe(expected)
  })
})

describe('other rewrites', () => {
  test.each<[string, RouteRewrite, string, string]>([
    ['the whole path, query kept', { pathRewrite: '/one' }, '/two/x?a=1#b', '/one?a=1#b'],
    ['by regex, query untouched', { regexRewrite: { pattern: 'x', substitution: 'y' } }, '/x/x?x=x', '/y/y?x=x'],
    ['by regex to nothing', { regexRewrite: { pattern: '/.*', substitution: '' } }, '/x?q', '/?q'],
  ])('%s', (_, given, path, expected) => {
    expect(rewrite(given, { prefix: '/' }, path)).toBe(expected)
  })

  test('none leaves the path', () => expect(rewrite({}, { prefix: '/' }, '/x')).toBeUndefined())

  test.each<[RouteRewrite, string]>([
    [{ prefixRewrite: '/a b' }, 'route.prefixRewrite'],
    [{ pathRewrite: '/a\r\nx: y' }, 'route.pathRewrite'],
    [{ regexRewrite: { pattern: 'a', substitution: '\n' } }, 'route.regexRewrite.substitution'],
    [{ regexRewrite: { pattern: '(', substitution: 'x' } }, 'route.regexRewrite.pattern'],
  ])('%j cannot be sent', (given, field) => {
    const violations: Violation[] = []
    compilePathRewrite({ rewrite: given, field: 'route' }, undefined, violations)
    expect(violations.map((violation) => violation.field)).toEqual([field])
  })
})
