import fc from 'fast-check'
import type { Dispatcher } from 'undici'
import { describe, expect, test } from 'vitest'
import { createRequest } from '../../../../../packages/mesh-client/src/http/outbound/request.ts'

/** What a dispatcher is asked for; the answer does not matter. */
function asked(url: string | URL, options?: Parameters<ReturnType<typeof createRequest>>[1]) {
  let seen: Dispatcher.RequestOptions | undefined
  const dispatcher = {
    request(given: Dispatcher.RequestOptions) {
      seen = given
      return Promise.reject(new Error('not sent'))
    },
  } as unknown as Dispatcher
  return createRequest(dispatcher)(url, options).then(
    () => undefined,
    (error: Error) => seen ?? error,
  )
}

describe('request', () => {
  test('takes a URL apart as a URL parser does', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'a',
        'b%20c',
        '.',
        '..',
        '%2e',
        '.%2E',
        'x.y',
        '',
        'é',
        "'",
        '"',
        '{',
        'a b',
        '%',
        ';=',
        '~',
        '_',
      ),
      fc.string({ maxLength: 3 }),
    )
    const host = fc.constantFrom(
      'reviews',
      'reviews:80',
      'reviews:9080',
      'Reviews',
      'reviews.default.svc',
      '[::1]',
      '127.1',
    )
    const url = fc.tuple(
      fc.constantFrom('http', 'https'),
      host,
      fc.array(piece, { maxLength: 4 }),
      fc.option(fc.array(piece, { maxLength: 3 })),
      fc.option(piece),
    )
    await fc.assert(
      fc.asyncProperty(url, async ([scheme, authority, path, query, fragment]) => {
        const text =
          `${scheme}://${authority}${path.map((part) => `/${part}`).join('')}` +
          (query === null ? '' : `?${query.join('&')}`) +
          (fragment === null ? '' : `#${fragment}`)
        const parsed = URL.parse(text)
        const got = await asked(text)
        if (parsed === null || !('path' in (got ?? {}))) {
          expect([parsed?.protocol.startsWith('http') ?? false, got]).toEqual([false, expect.any(Error)])
          return
        }
        const { origin, path: sent } = got as Dispatcher.RequestOptions
        expect(new URL(String(origin)).origin).toBe(parsed.origin)
        expect(sent).toBe(parsed.pathname + parsed.search)
      }),
      { numRuns: 2_000 },
    )
  })

  test.each([
    [undefined, 'GET'],
    [{}, 'GET'],
    [{ body: 'a' }, 'PUT'],
    [{ body: 'a', method: 'POST' }, 'POST'],
  ] as const)('of %j is a %s', async (options, method) => {
    expect(await asked('http://reviews/', options)).toMatchObject({ method })
  })

  test('an option path goes before that of the URL, and a dispatcher is not looked at', async () => {
    const options = { path: 'other?x=1', dispatcher: { dispatch: () => expect.fail('called') } }
    const given = await asked(new URL('http://reviews/path'), options)
    expect(given).toMatchObject({ origin: 'http://reviews', path: '/other?x=1', dispatcher: undefined })
  })
})
