import { type Endpoint, formatLocality } from '@weft/mesh-protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  namesToResolve,
  preferredFamily,
  resolvedEndpoints,
} from '../../../../packages/mesh-client/src/cluster/dns-endpoints.ts'
import { DnsRefresher } from '../../../../packages/mesh-client/src/cluster/dns-refresher.ts'
import { fakeClock } from '../../../support/fake-clock.ts'
import { byId, wireCluster, wireEndpoint } from '../../../support/wire.ts'

const named = (address: string, port = 80, more: Partial<Endpoint> = {}): Endpoint =>
  wireEndpoint(1, { id: `${address}:${port}`, address, port, ...more })

const ids = (endpoints: ReadonlyMap<string, Endpoint>): string[] => [...endpoints.keys()]

describe('the endpoints that names come to', () => {
  const locality = { region: 'r', zone: 'z', subZone: '' }
  const assigned = byId([named('a.com', 80, { weight: 3, locality }), named('10.0.0.1'), named('b.com', 8080)])

  test('are all addresses of each, with what is said of the name', () => {
    const resolved = resolvedEndpoints(
      assigned,
      new Map([
        ['a.com', ['1.1.1.1', '::2']],
        ['b.com', ['1.1.1.1']],
      ]),
    )
    expect(ids(resolved)).toEqual(['1.1.1.1:80', '[::2]:80', '10.0.0.1:80', '1.1.1.1:8080'])
    expect(resolved.get('[::2]:80')).toMatchObject({ address: '::2', port: 80, weight: 3 })
    expect(formatLocality(resolved.get('[::2]:80')?.locality ?? locality)).toBe('r/z')
  })

  test('are the names themselves until there is an answer', () => {
    expect(ids(resolvedEndpoints(assigned, new Map([['b.com', ['1.1.1.1']]])))).toEqual([
      'a.com:80',
      '10.0.0.1:80',
      '1.1.1.1:8080',
    ])
    expect([...namesToResolve(assigned)]).toEqual(['a.com', 'b.com'])
  })

  test('have unique ids that tell where they are, whatever the names share', () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6())
    const answers = fc.dictionary(fc.constantFrom('a.com', 'b.com'), fc.array(address, { minLength: 1, maxLength: 4 }))
    fc.assert(
      fc.property(answers, (given) => {
        const resolved = resolvedEndpoints(assigned, new Map(Object.entries(given)))
        for (const [id, endpoint] of resolved) expect(id).toBe(endpoint.id)
        const reached = new Set([...resolved.values()].map(({ address: at, port }) => `${at} ${port}`))
        expect(reached.size).toBe(resolved.size)
        for (const [name, port] of [
          ['a.com', 80],
          ['b.com', 8080],
        ] as const) {
          for (const at of given[name] ?? [name]) expect(reached).toContain(`${at} ${port}`)
        }
      }),
    )
  })

  test.each([
    [
      ['::1', '127.0.0.1', '127.0.0.2'],
      ['127.0.0.1', '127.0.0.2'],
    ],
    [
      ['::2', '::1'],
      ['::2', '::1'],
    ],
    [[], []],
  ])('of %j the preferred family is %j', (addresses, preferred) => {
    expect(preferredFamily(addresses)).toEqual(preferred)
  })
})

describe('names are kept resolved', () => {
  function scene() {
    const time = fakeClock()
    const answers = new Map<string, readonly string[] | Error>()
    const asked: string[] = []
    const seen: string[][] = []
    const refresher = new DnsRefresher({
      timers: time.timers,
      resolve: async (name) => {
        asked.push(name)
        const answer = answers.get(name) ?? new Error('no such name')
        if (answer instanceof Error) throw answer
        return answer
      },
      onChange: (endpoints) => void seen.push(ids(endpoints)),
    })
    const follow = (...names: string[]): string[] =>
      ids(refresher.follow(wireCluster({ dnsRefreshRateMs: 5_000 }), byId(names.map((name) => named(name)))))
    return { time, answers, asked, seen, refresher, follow }
  }

  test('at once, and then as often as policy says', async () => {
    const { time, answers, asked, seen, follow, refresher } = scene()
    answers.set('a.com', ['1.1.1.1'])
    expect(follow('a.com')).toEqual(['a.com:80'])
    await time.advance(4_999)
    expect([asked, seen]).toEqual([['a.com'], [['1.1.1.1:80']]])
    answers.set('a.com', ['1.1.1.2', '1.1.1.1'])
    await time.advance(1)
    expect(seen.at(-1)).toEqual(['1.1.1.2:80', '1.1.1.1:80'])
    expect(follow('a.com')).toEqual(['1.1.1.2:80', '1.1.1.1:80'])
    refresher.close()
    expect(time.pendingTimers).toBe(0)
  })

  test('an answer that only has another order changes nothing', async () => {
    const { time, answers, seen, follow } = scene()
    answers.set('a.com', ['1.1.1.1', '1.1.1.2'])
    follow('a.com')
    await time.advance(1)
    answers.set('a.com', ['1.1.1.2', '1.1.1.1'])
    await time.advance(20_000)
    expect(seen).toHaveLength(1)
  })

  test.each<[string, readonly string[] | Error]>([
    ['fails', new Error('the resolver is away')],
    ['gives nothing', []],
  ])('the last good answer stays while the resolver %s', async (_what, answer) => {
    const { time, answers, asked, seen, follow } = scene()
    answers.set('a.com', ['1.1.1.1'])
    follow('a.com')
    await time.advance(1)
    answers.set('a.com', answer)
    await time.advance(20_000)
    expect([asked.length, seen, follow('a.com')]).toEqual([5, [['1.1.1.1:80']], ['1.1.1.1:80']])
  })

  test('a name that is new is asked for at once, and one that is gone no more', async () => {
    const { time, answers, asked, follow } = scene()
    answers.set('a.com', ['1.1.1.1'])
    answers.set('b.com', ['2.2.2.2'])
    follow('a.com')
    await time.advance(1)
    follow('b.com')
    await time.advance(5_000)
    expect(asked).toEqual(['a.com', 'b.com', 'b.com'])
    expect(follow()).toEqual([])
    expect(time.pendingTimers).toBe(0)
  })

  test('an answer that comes late says nothing any more', async () => {
    const { time, answers, seen, follow, refresher } = scene()
    answers.set('a.com', ['1.1.1.1'])
    follow('a.com')
    refresher.close()
    await time.advance(1)
    expect(seen).toEqual([])
  })
})
