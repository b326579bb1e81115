import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlApi, Enforced } from './control-api.ts'
import type { OpenLoop, Tally } from './load.ts'
import { ownCertificate } from './own-identity.ts'
import { ALL_V1, BROKEN, IPHONES_SEE_V2 } from './policies.ts'
import { type Row, sharePercent } from './report.ts'
import { secureRequest } from './secure-request.ts'
import type { Town } from './town.ts'

/** What a step has at hand. */
export interface Stage {
  readonly town: Town
  readonly api: ControlApi
  readonly load: OpenLoop
}

/** Smallest and largest share of the desktop visitors' requests, in percent, that a version may get. */
type Shares = Readonly<Record<string, readonly [number, number]>>

interface Step {
  readonly name: string
  /** Does something and says in a few words how it went. */
  readonly act: (stage: Stage) => Promise<string>
  readonly expect: Shares
  readonly iphone?: string
  readonly watchMs?: number
}

/** Some 900 desktop requests: a right share is outside of its bounds once in ten thousand times. */
const SHARE_WATCH_MS = 9500

const ALL = [100, 100] as const
const NONE = [0, 0] as const

const enforced = ({ acked, nacked, pending, tookMs }: Enforced): string => {
  if (nacked + pending > 0) throw new Error(`${nacked} clients refused the change and ${pending} did not answer`)
  return `${tookMs.toFixed(0)} ms, ${acked} client${acked === 1 ? '' : 's'}`
}

const canary =
  (subset: string, weight: number) =>
  async ({ api }: Stage) =>
    enforced(await api.setCanary('reviews', { subset, weight }))

async function untilEndpoints(api: ControlApi, count: number): Promise<void> {
  const deadline = performance.now() + 20_000
  while ((await api.endpoints('reviews')).length < count) {
    if (performance.now() > deadline) throw new Error(`reviews never had ${count} endpoints`)
    await sleep(50)
  }
}

/** Plaintext and a caller without a certificate get nowhere; one that the mesh knows is answered. */
async function onlyKnownMayAsk({ town, api }: Stage): Promise<string> {
  const [instance] = await api.endpoints('reviews')
  if (instance === undefined) throw new Error('reviews has no instance')
  const where = `127.0.0.1:${instance.port}/reviews/7`
  const { ca } = api
  const attempts = [
    fetch(`http://${where}`, { signal: AbortSignal.timeout(5_000) }),
    secureRequest({ url: `https://${where}`, ca, anyName: true }),
  ]
  const refused = (await Promise.allSettled(attempts)).filter(({ status }) => status === 'rejected').length
  if (refused < attempts.length) throw new Error('reviews answered somebody without a certificate')
  const known = await secureRequest({ url: `https://${where}`, ca, anyName: true, client: await ownCertificate(town) })
  if (known.status !== 200) throw new Error(`reviews answered ${known.status} to a certificate of the mesh`)
  return `${refused} refused, 1 answered`
}

export const STEPS: readonly Step[] = [
  {
    name: 'all traffic to reviews v1',
    act: async ({ api }) => enforced(await api.apply(ALL_V1)),
    expect: { v1: ALL, v2: NONE, v3: NONE },
    iphone: 'v1',
  },
  {
    name: 'iPhones see v2, callers unchanged',
    act: async ({ api }) => enforced(await api.setCanary('reviews', IPHONES_SEE_V2)),
    expect: { v1: ALL, v2: NONE, v3: NONE },
    iphone: 'v2',
  },
  {
    name: 'strangers knock at reviews',
    act: onlyKnownMayAsk,
    expect: { v1: ALL, v2: NONE, v3: NONE },
  },
  { name: 'canary: 5 % v3', act: canary('v3', 5), expect: { v3: [2, 9] }, watchMs: SHARE_WATCH_MS },
  { name: 'canary: 50 % v3', act: canary('v3', 50), expect: { v3: [43, 57] }, watchMs: SHARE_WATCH_MS },
  {
    name: 'promote v3',
    act: async ({ api }) => enforced(await api.promote('reviews')),
    expect: { v1: NONE, v2: NONE, v3: ALL },
    iphone: 'v3',
  },
  {
    name: 'kill -9 one of two v3 instances',
    act: async ({ town }) => {
      await town.killReviews('v3')
      return 'nobody notices'
    },
    expect: { v3: ALL },
  },
  {
    name: 'start another v3 instance',
    act: async ({ town, api }) => {
      await town.startReviews('v3')
      await untilEndpoints(api, 6)
      return 'joined by itself'
    },
    expect: { v3: ALL },
  },
  {
    name: 'kill -9 the control server',
    act: async ({ town }) => {
      await town.killControl()
      return 'last good policy stays'
    },
    expect: { v3: ALL },
  },
  {
    name: 'restart it, and go back to v1',
    act: async ({ town, api }) => {
      await town.restartControl()
      return enforced(await retryUntilAcked(api))
    },
    expect: { v1: ALL, v3: NONE },
  },
  {
    name: 'a broken policy is refused',
    act: async ({ api }) => {
      const { status, causes } = await api.expectRefusal(BROKEN)
      if (causes.length < 2) throw new Error(`expected two causes, got ${JSON.stringify(causes)}`)
      return `${status}, ${causes.length} reasons`
    },
    expect: { v1: ALL },
  },
]

/** Right after its restart the server does not know its clients yet; they come back within a few seconds. */
async function retryUntilAcked(api: ControlApi): Promise<Enforced> {
  const deadline = performance.now() + 20_000
  for (;;) {
    const result = await api.apply(ALL_V1)
    if (result.acked > 0 || performance.now() > deadline) return result
    await sleep(100)
  }
}

function judge(tally: Tally, { expect, iphone }: Step): string {
  const wrong: string[] = []
  if (tally.failed > 0) wrong.push(`${tally.failed} requests failed`)
  for (const [version, [min, max]] of Object.entries(expect)) {
    const share = sharePercent(tally, 'desktop', version)
    if (share < min || share > max) wrong.push(`${version} got ${share.toFixed(1)} %, not ${min} to ${max} %`)
  }
  if (iphone !== undefined && sharePercent(tally, 'iPhone', iphone) !== 100)
    wrong.push(`iPhones do not all see ${iphone}`)
  return wrong.join('; ')
}

/** Does a step and watches what visitors see from then on. */
export async function play(step: Step, stage: Stage): Promise<Row> {
  const result = await step.act(stage)
  stage.load.mark()
  await sleep(step.watchMs ?? 2500)
  const tally = stage.load.tally()
  return { step: step.name, enforced: result, tally, wrong: judge(tally, step) }
}
