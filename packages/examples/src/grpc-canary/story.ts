import { setTimeout as sleep } from 'node:timers/promises'
import { tally } from '../samples/tally.ts'
import { ALL_V1, CANARY, NO_RETRIES, RETRIES, SLOW_DICTIONARY } from './policies.ts'
import type { Greeting, Stage } from './stage.ts'

/** Something happens, and is looked at; what it came to in a few lines. Throws where it is not as it should be. */
export interface Step {
  readonly name: string
  readonly play: (stage: Stage) => Promise<readonly string[]>
}

const AT_ONCE = 8
const PUSHES = 10
const PUSH_EVERY_MS = 100
/** What two processes make of one moment, in whole milliseconds. */
const CLOCKS_DIFFER_MS = 2

function expect(right: boolean, wrong: string): void {
  if (!right) throw new Error(wrong)
}

/** How often each version, or each status that a call failed with, came back. */
async function greetings(stage: Stage, count: number, headers?: Readonly<Record<string, string>>): Promise<Counts> {
  const counts = await tally(count, AT_ONCE, async () => outcomeOf(await stage.greet(headers)))
  return Object.fromEntries(counts)
}

type Counts = Readonly<Record<string, number>>

const outcomeOf = ({ error, version }: Greeting): string => error ?? version

const told = (counts: Counts): string =>
  Object.entries(counts)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([outcome, count]) => `${count} × ${outcome}`)
    .join(', ')

const only = (counts: Counts, outcome: string): boolean => Object.keys(counts).join() === outcome

async function canary(stage: Stage): Promise<readonly string[]> {
  await stage.api.setCanary('greeter', CANARY)
  const all = await greetings(stage, 400)
  const testers = await greetings(stage, 40, { 'x-tester': 'yes' })
  const share = ((all.v2 ?? 0) * 100) / 400
  expect(share >= 4 && share <= 18, `v2 got ${share} % of the calls: ${told(all)}`)
  expect(only(testers, 'v2'), `testers got ${told(testers)}`)
  return [`everybody: ${told(all)}`, `testers:   ${told(testers)}`]
}

async function retries(stage: Stage): Promise<readonly string[]> {
  await stage.api.apply(NO_RETRIES)
  const without = await greetings(stage, 80)
  expect((without.UNAVAILABLE ?? 0) > 0, `nothing failed without retries: ${told(without)}`)
  await stage.api.apply(RETRIES)
  let again = 0
  const counts = await tally(80, AT_ONCE, async () => {
    const greeting = await stage.greet()
    if (greeting.hops?.some((hop) => /attempt [2-9]/.test(hop))) again++
    return outcomeOf(greeting)
  })
  const withThem = Object.fromEntries(counts)
  expect(withThem.UNAVAILABLE === undefined && again > 0, `${again} tried again: ${told(withThem)}`)
  return [`without: ${told(without)}`, `with:    ${told(withThem)}; ${again} of them in a second attempt`]
}

async function deadline(stage: Stage): Promise<readonly string[]> {
  const { hops = [], error } = await stage.greet({ 'x-envoy-expected-rq-timeout-ms': '1000' })
  expect(error === undefined, `a call with a second of time failed: ${error}`)
  const left = hops.map((hop) => Number(/(\d+) ms left/.exec(hop)?.[1]))
  const falls = left.every((ms, i) => ms <= (left[i - 1] ?? 1000) + CLOCKS_DIFFER_MS && ms > 0)
  expect(left.length === 3 && falls, `the time left does not follow the calls: ${hops.join(', ')}`)

  await stage.api.apply(SLOW_DICTIONARY)
  const begin = performance.now()
  const late = await stage.greet({ 'x-envoy-expected-rq-timeout-ms': '300' })
  const tookMs = performance.now() - begin
  expect(late.error === 'DEADLINE_EXCEEDED', `a late call is ${outcomeOf(late)}`)
  expect(tookMs < 2_000, `a call of 300 ms took ${tookMs.toFixed(0)} ms`)
  await stage.api.apply(RETRIES)
  return [...hops, `with a dictionary that takes 5 s, and 300 ms given: ${late.error} after ${tookMs.toFixed(0)} ms`]
}

/** Calls and streams without a break while weights change; the connections that the greeters have seen. */
async function pushes(stage: Stage): Promise<readonly string[]> {
  await stage.api.setCanary('greeter', { subset: 'v2', weight: 50 })
  const before = await connectionsOf(stage, 40)
  const seen = new Set<string>()
  let going = true
  let calls = 0
  let failed = 0
  const caller = async (_: unknown, i: number): Promise<void> => {
    while (going) {
      const got = i % 2 === 0 ? [await stage.greet()] : await stage.greetOften(3)
      calls++
      if (got.some(({ error }) => error !== undefined)) failed++
      for (const { connection } of got) seen.add(connection)
    }
  }
  const callers = Array.from({ length: 4 }, caller)
  for (let i = 1; i <= PUSHES; i++) {
    await stage.api.setCanary('greeter', { subset: 'v2', weight: i % 2 === 0 ? 50 : 20 })
    await sleep(PUSH_EVERY_MS)
  }
  going = false
  await Promise.all(callers)
  const further = [...seen].filter((connection) => !before.has(connection)).length
  expect(failed === 0, `${failed} of ${calls} calls failed`)
  expect(further === 0, `${further} connections were opened`)
  return [`${PUSHES} pushes, ${calls} calls, none failed; ${before.size} connections before, none opened since`]
}

async function connectionsOf(stage: Stage, calls: number): Promise<ReadonlySet<string>> {
  const connections = new Set<string>()
  await tally(calls, AT_ONCE, async () => {
    connections.add((await stage.greet()).connection)
    return ''
  })
  return connections
}

export const STEPS: readonly Step[] = [
  {
    name: 'everything to v1',
    async play(stage) {
      await stage.api.apply(ALL_V1)
      const counts = await greetings(stage, 40)
      expect(only(counts, 'v1'), told(counts))
      return [told(counts)]
    },
  },
  { name: 'a canary: one call in ten, and those of testers', play: canary },
  { name: 'a dictionary that is busy, with and without retries', play: retries },
  { name: 'a deadline that follows HTTP to gRPC to gRPC', play: deadline },
  { name: 'policy changes under load', play: pushes },
  {
    name: 'v2 for everybody',
    async play(stage) {
      await stage.api.promote('greeter')
      const counts = await greetings(stage, 40)
      expect(only(counts, 'v2'), told(counts))
      return [told(counts)]
    },
  },
]
