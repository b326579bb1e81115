import { DEFAULT_MIRROR_TIMEOUT_MS, type RequestMirrorPolicy } from '@weft/mesh-protocol'
import { isChosen } from '../../kernel/random.ts'
import type { MirrorResult } from '../../kernel/recorder.ts'
import type { TimerHandle } from '../../kernel/timers.ts'
import type { Exchange } from './exchange.ts'
import { Mirror, type MirrorEnvironment } from './mirror.ts'

/** How long mirrors that have been sent may take to end once no call is under way and the mesh is to be closed. */
const CLOSE_LIMIT_MS = 1_000

/**
 * The copies of requests that are under way. Nobody waits for them: whatever becomes of a copy, its primary is neither
 * held up nor failed by it, and the end of the mesh waits for them no longer than a moment.
 */
export class Mirrors {
  readonly #env: MirrorEnvironment
  readonly #active = new Set<Mirror>()
  #whenIdle: (() => void) | undefined

  constructor(env: MirrorEnvironment) {
    this.#env = env
  }

  get active(): number {
    return this.#active.size
  }

  /** Sends copies of a request whose first attempt has just been sent. */
  send(policies: readonly RequestMirrorPolicy[], primary: Exchange, now: number): void {
    if (primary.switches) return
    for (const { cluster, percent } of policies) {
      if (!isChosen(percent, this.#env.deps.random)) continue
      const refused = this.#start(cluster, primary, now)
      if (refused !== undefined) this.#env.deps.recorder.mirror(cluster, refused)
    }
  }

  /** Resolves when the last has ended, or been cut off because it took too long. */
  async close(): Promise<void> {
    if (this.#active.size === 0) return
    const { timers } = this.#env.deps
    let timer: TimerHandle | undefined
    await new Promise<void>((resolve) => {
      this.#whenIdle = resolve
      timer = timers.set(() => this.destroy(), CLOSE_LIMIT_MS, { holdsLoop: true })
    })
    timers.clear(timer)
  }

  /** Cuts all off. */
  destroy(): void {
    const now = this.#env.deps.clock.now()
    for (const mirror of [...this.#active]) mirror.cut(now)
  }

  #start(name: string, primary: Exchange, now: number): MirrorResult | undefined {
    const cluster = this.#env.deps.clusters.get(name)
    if (cluster === undefined) return 'unavailable'
    const body = primary.source === undefined ? null : primary.source.follow()
    if (body === undefined) return 'body'
    const verdict = cluster.breakerAdmits(now)
    if (verdict === 'open') return 'unavailable'
    if (!cluster.tryAcquireRequest()) return 'overflow'
    const exchange = primary.copyFor(cluster)
    exchange.body = body
    const { timeoutMs } = primary.route
    const limitMs = timeoutMs > 0 ? timeoutMs : DEFAULT_MIRROR_TIMEOUT_MS
    const mirror = new Mirror(this.#env, exchange, verdict, now, (result) => this.#ended(mirror, result, name))
    this.#active.add(mirror)
    mirror.start(limitMs)
    return undefined
  }

  #ended(mirror: Mirror, result: MirrorResult, cluster: string): void {
    this.#active.delete(mirror)
    this.#env.deps.recorder.mirror(cluster, result)
    if (this.#active.size === 0) this.#whenIdle?.()
  }
}
