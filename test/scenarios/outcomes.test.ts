import { describe, expect, test } from 'vitest'
import { type Ended, misses, type RowResult, type Seen } from '../support/scenario-outcome.ts'
import { parseRequest } from '../support/scenario-request.ts'
import { parseScenarios } from '../support/scenario-text.ts'

/* The language of the pages in fields/: that an outcome can also be missed, and that what is not understood is said. */

function seen(version: string, connection = 1): Seen {
  const headers = { host: 'reviews', 'x-user': 'jason' }
  const plain = { method: 'GET', path: '/a?b', body: 'hello', protocol: '1.1', sni: '', client: '' }
  return { service: 'reviews', version, headers, connection, ...plain }
}

function ended(version: string, tookMs = 20): Ended {
  return { status: 200, headers: { 'x-a': 'b c' }, seen: seen(version), body: '', error: undefined, tookMs }
}

const REFUSED: Ended = {
  status: 503,
  headers: { 'x-weft-response-flags': 'UO', 'x-weft-error': 'WEFT_UPSTREAM_OVERFLOW' },
  seen: undefined,
  body: 'too many',
  error: undefined,
  tookMs: 1,
}

const row = (...all: Ended[]): RowResult => ({
  ended: all,
  arrived: { 'reviews v1': all.flatMap((each) => each.seen ?? []) },
  warnings: ['spec.a: not so'],
  refusals: [],
})

describe('an outcome', () => {
  test.each<[string, RowResult, boolean]>([
    ['v1', row(ended('v1')), true],
    ['reviews v1; status 200', row(ended('v1')), true],
    ['v1', row(ended('v1'), ended('v2')), false],
    ['v1 or v2', row(ended('v1'), ended('v2')), true],
    ['ratings v1', row(ended('v1')), false],
    ['v1', row(REFUSED), false],
    ['50..50 % v1; 50..50 % status 503', row(ended('v1'), REFUSED), true],
    ['60..100 % v1', row(ended('v1'), REFUSED), false],
    ['1 times flags UO; 1 times error WEFT_UPSTREAM_OVERFLOW', row(ended('v1'), REFUSED), true],
    ['2 times flags UO', row(ended('v1'), REFUSED), false],
    ['1..2 times v1', row(ended('v1'), ended('v1'), ended('v1')), false],
    ['2 instances; 1 connection', row(ended('v1'), ended('v2')), true],
    ['1 instance', row(ended('v1'), ended('v2')), false],
    ['1 at reviews v1; 0 at reviews v9', row(ended('v1')), true],
    ['2..3 at reviews v1', row(ended('v1')), false],
    ['sees path /a?b; sees x-user: jason; sees host: rev…; sees no x-other', row(ended('v1')), true],
    ['sees path /a', row(ended('v1')), false],
    ['sees no x-user', row(ended('v1')), false],
    ['sees no x-user', row(REFUSED), false],
    ['reviews v1 sees body hello', row(ended('v1')), true],
    ['reviews v2 sees body hello', row(ended('v1')), false],
    ['answers x-a: b …; answers no x-b', row(ended('v1')), true],
    ['answers x-a: b', row(ended('v1')), false],
    ['answers no x-a', row(ended('v1')), false],
    ['body too many', row(REFUSED), true],
    ['body too', row(REFUSED), false],
    ['takes 10..30 ms', row(ended('v1')), true],
    ['takes 30..90 ms', row(ended('v1')), false],
    ['warns spec.a', row(), true],
    ['warns spec.b', row(), false],
    ['refused spec.a', row(), false],
    ['status 200', row(), false],
  ])('%s', (outcome, result, holds) => {
    expect(misses(outcome, result).length === 0).toBe(holds)
  })

  test('that is none is refused', () => {
    expect(() => misses('works', row(ended('v1')))).toThrow('not an outcome: works')
    expect(() => misses('3 times works', row(ended('v1')))).toThrow('not an outcome: works')
  })
})

test('a request says how often, by whom, and with what', () => {
  expect(
    parseRequest('after 50 ms within 2 s 9 × at once PUT http://a/ with x: {n} in other at r/z sending a b'),
  ).toEqual({
    afterMs: 50,
    withinMs: 2000,
    times: 9,
    atOnce: 9,
    everyMs: 0,
    method: 'PUT',
    url: 'http://a/',
    headers: { x: '{n}' },
    body: 'a b',
    caller: { service: 'caller', namespace: 'other', labels: {}, locality: 'r/z' },
  })
  expect(() => parseRequest('ask http://a/')).toThrow('not a request')
})

test('a page shares its first resources, which a scenario can replace', () => {
  const yaml = (host: string): string =>
    `\`\`\`yaml\nkind: DestinationRule\nmetadata: { name: a }\nspec: { host: ${host} }\n\`\`\`\n`
  const page = `# Page\n${yaml('a')}\n## one\n| \`GET http://a/\` | v1 |\n## two\n${yaml('b')}\n| \`GET http://a/\` | v1 |\n`
  const hosts = parseScenarios(page, 'page.md').map(({ resources }) => resources.map(({ spec }) => spec.host))
  expect(hosts).toEqual([['a'], ['b']])
  expect(() => parseScenarios('## none\n', 'page.md')).toThrow('has no rows')
})
