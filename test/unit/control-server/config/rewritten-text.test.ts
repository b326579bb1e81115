import { describe, expect, test } from 'vitest'
import { bareRoute, fieldsOf, httpRoute } from './resources.ts'

const rewrite = (given: object): object => httpRoute({ rewrite: given })
const regex = (match: string, substitution: string): object =>
  rewrite({ uriRegexRewrite: { match, rewrite: substitution } })

describe('what no client could send is refused where it is written', () => {
  test.each<[object, string[]]>([
    [rewrite({ uri: '/a%20b', authority: 'a.example:80' }), []],
    [rewrite({ uri: '/a b' }), ['spec.http[0].rewrite.uri']],
    [rewrite({ uri: '/\r\nx: y' }), ['spec.http[0].rewrite.uri']],
    [rewrite({ authority: 'a/b' }), ['spec.http[0].rewrite.authority']],
    [rewrite({ authority: '[::1]:80' }), []],
    [rewrite({ authority: 'a[b' }), ['spec.http[0].rewrite.authority']],
    [bareRoute({ redirect: { uri: '/\n' } }), ['spec.http[0].redirect.uri']],
    [bareRoute({ redirect: { authority: 'a\r\nb' } }), ['spec.http[0].redirect.authority']],
    [httpRoute({ headers: { request: { set: { host: 'a b' } } } }), ['spec.http[0].headers.request.set[host]']],
    [regex('(a)(b)', '\\2\\1\\\\'), []],
    [regex('(a)', '\\2'), ['spec.http[0].rewrite.uriRegexRewrite.rewrite']],
    [regex('(a)', '\\x'), ['spec.http[0].rewrite.uriRegexRewrite.rewrite']],
    [regex('(a', '\\1'), ['spec.http[0].rewrite.uriRegexRewrite.match']],
  ])('%j', (spec, fields) => {
    expect(fieldsOf('VirtualService', spec)).toEqual(fields)
  })
})
