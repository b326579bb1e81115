import { CERTIFICATE_BACKDATE_MS } from '@weft/mesh-protocol'
import type { Clock } from '../kernel/clock.ts'
import type { Logger } from '../kernel/logger.ts'
import type { TimerHandle, Timers } from '../kernel/timers.ts'
import { CaError } from './ca-error.ts'
import { fingerprintOf, toPem } from './pem.ts'
import type { AuthorityState, RootVault } from './root-vault.ts'
import {
  believedRoots,
  phaseEndsAtMs,
  type Rotation,
  type RotationLimits,
  rotate,
  rotationLimits,
  signingRoot,
} from './rotation.ts'
import type { MakeSerial } from './serial.ts'
import type { CertificateTemplate, RotationStatus, Signer } from './signer.ts'
import { type Issuer, makeRoot, signLeaf } from './x509-library.ts'

/** Ten years, as Istio's self-signed root (`CITADEL_SELF_SIGNED_CA_CERT_TTL`). */
const ROOT_LIFETIME_MS = 10 * 365 * 24 * 3_600_000

/** How often it is looked whether a rotation may go on. */
const LONGEST_STEP_MS = 1_000

export interface BuiltInSignerOptions {
  readonly vault: RootVault
  readonly clock: Clock
  readonly timers: Timers
  readonly logger: Logger
  readonly makeSerial: MakeSerial
  readonly certificateTtlMs: number
  /** Whether every client that is connected believes what `roots()` says. */
  readonly isKnown: () => boolean
  /** When the last certificate that was issued ends; 0 where there is none. */
  readonly lastEndsMs: () => number
}

/** The authority that a vault holds; `undefined` where it holds none. Rejects with a `CaError`. */
export async function openBuiltInSigner(options: BuiltInSignerOptions): Promise<Signer | undefined> {
  const state = await options.vault.load()
  return state && new BuiltInSigner(options, state)
}

/** A new authority, kept before it signs anything. */
export async function makeBuiltInSigner(options: BuiltInSignerOptions): Promise<Signer> {
  const id = await options.vault.newRootId()
  const root = await newRoot(options)
  const state: AuthorityState = { rotation: { phase: 'stable', root: id }, roots: new Map([[id, root]]) }
  await options.vault.save(state)
  options.logger.info('the mesh has a root', { fingerprint: fingerprintOf(root.certificate) })
  return new BuiltInSigner(options, state)
}

function newRoot({ clock, makeSerial }: BuiltInSignerOptions): Promise<Issuer> {
  const now = clock.wallNow()
  const serial = makeSerial()
  return makeRoot({
    // Two roots of one name would be two candidates for every chain.
    commonName: `Weft mesh root ${serial.slice(0, 12)}`,
    serial,
    notBeforeMs: now - CERTIFICATE_BACKDATE_MS,
    notAfterMs: now + ROOT_LIFETIME_MS,
  })
}

class BuiltInSigner implements Signer {
  readonly description = 'built-in root'
  private readonly options: BuiltInSignerOptions
  private readonly limits: RotationLimits
  private readonly listeners = new Set<() => void>()
  /** Clients come back one by one after a start: that none of them lacks the bundle says nothing before. */
  private readonly openedAt: number
  private state: AuthorityState
  private pem: readonly string[]
  private timer: TimerHandle | undefined
  private isStarting = false
  private isClosed = false

  constructor(options: BuiltInSignerOptions, state: AuthorityState) {
    this.options = options
    this.limits = rotationLimits(options.certificateTtlMs)
    this.openedAt = options.clock.now()
    this.state = state
    this.pem = pemOf(state)
    this.schedule()
  }

  readonly rotation = {
    read: (): RotationStatus => this.status(),
    start: (): Promise<void> => this.startRotation(),
  }

  roots(): readonly string[] {
    return this.pem
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  async sign(template: CertificateTemplate): Promise<readonly string[]> {
    const { rotation, roots } = this.state
    const id = template.byOldestRoot === true ? (believedRoots(rotation)[0] as string) : signingRoot(rotation)
    return [toPem(await signLeaf(template, roots.get(id) as Issuer))]
  }

  close(): void {
    this.isClosed = true
    this.options.timers.clear(this.timer)
    this.listeners.clear()
  }

  private status(): RotationStatus {
    const { rotation } = this.state
    const untilMs = phaseEndsAtMs(rotation, this.limits)
    if (rotation.phase === 'stable' || untilMs === undefined) return { phase: 'stable' }
    return { phase: rotation.phase, sinceMs: rotation.sinceMs, untilMs }
  }

  private async startRotation(): Promise<void> {
    const { vault, logger } = this.options
    const { rotation, roots } = this.state
    if (this.isStarting || rotation.phase !== 'stable') {
      throw new CaError('WEFT_CA_ROTATING', 'A change of the root is under way: wait until it has ended.')
    }
    this.isStarting = true
    try {
      const next = await vault.newRootId()
      const root = await newRoot(this.options)
      await this.take(
        rotate(rotation, { type: 'start', next }, this.options.clock.wallNow(), this.limits),
        new Map(roots).set(next, root),
      )
      logger.info('a new root is being made known', { fingerprint: fingerprintOf(root.certificate) })
    } finally {
      this.isStarting = false
    }
  }

  private schedule(): void {
    if (this.isClosed || this.state.rotation.phase === 'stable') return
    this.options.timers.clear(this.timer)
    const stepMs = Math.min(LONGEST_STEP_MS, this.limits.minIntroductionMs)
    this.timer = this.options.timers.set(() => void this.step(), stepMs)
  }

  private async step(): Promise<void> {
    const { clock, logger, isKnown, lastEndsMs } = this.options
    const { rotation, roots } = this.state
    const isSettled = clock.now() - this.openedAt >= this.limits.minIntroductionMs
    const event = { type: 'tick' as const, isKnown: isSettled && isKnown(), lastEndsMs: lastEndsMs() }
    const next = rotate(rotation, event, clock.wallNow(), this.limits)
    try {
      if (next !== rotation) {
        await this.take(next, roots)
        if (next.phase === rotation.phase)
          logger.warn('the clock was put back while the root changes, which takes longer')
        else
          logger.info(next.phase === 'stable' ? 'the old root is believed no more' : 'the new root signs from now on')
      }
    } catch (error) {
      logger.error('a change of the root cannot go on, and is tried again', { error: String(error) })
    }
    this.schedule()
  }

  /** What is kept counts: nothing is told or signed before it is on disk. */
  private async take(rotation: Rotation, among: ReadonlyMap<string, Issuer>): Promise<void> {
    const roots = new Map(believedRoots(rotation).map((id) => [id, among.get(id) as Issuer]))
    await this.options.vault.save({ rotation, roots })
    this.state = { rotation, roots }
    this.pem = pemOf(this.state)
    this.schedule()
    for (const listener of this.listeners) listener()
  }
}

function pemOf({ rotation, roots }: AuthorityState): readonly string[] {
  return believedRoots(rotation).map((id) => toPem((roots.get(id) as Issuer).certificate))
}
