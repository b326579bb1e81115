import { principalOf, type TrustBundle } from '@weft/mesh-protocol'
import type { Clock } from '../kernel/clock.ts'
import type { Random } from '../kernel/random.ts'
import type { Recorder } from '../kernel/recorder.ts'
import type { TimerHandle, Timers } from '../kernel/timers.ts'
import { type CertificateAnswer, type CertificateAsker, requestCertificate } from './certificate-request.ts'
import type { Identity, IdentitySource, IdentityState, Trust } from './identity.ts'
import type { IdentityDirectory } from './identity-directory.ts'
import { createIdentityLog, type IdentityLog, type IdentityLogDeps } from './identity-log.ts'
import {
  endOf,
  LATEST_RENEWAL,
  type Lifetime,
  NO_CERTIFICATE,
  type RenewalEvent,
  type RenewalState,
  stepRenewal,
} from './renewal-plan.ts'
import { leadsTo, type Svid } from './svid.ts'
import { readTrustBundle } from './trust-bundle.ts'

export interface IdentityManagerDeps extends CertificateAsker, IdentityLogDeps {
  /** Base URLs of control servers, asked in turn. */
  readonly urls: readonly string[]
  /** Where it is kept for the next start; absent: nowhere. */
  readonly directory: IdentityDirectory | undefined
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly recorder: Pick<Recorder, 'certificate' | 'certificateRequest'>
}

/** What is told of the identity to people. */
export interface IdentityStatus {
  readonly state: IdentityState
  /** Without `spiffe://`, as policies write it. */
  readonly principal: string | undefined
  readonly expiresInMs: number | undefined
  readonly generation: number
  /** The mesh's own first. */
  readonly trustDomains: readonly string[]
  /** Why the last request for a certificate came to nothing. */
  readonly lastError: string | undefined
}

/** Of a process that has no way to an identity. */
export const NO_IDENTITY_STATUS: IdentityStatus = {
  state: 'off',
  principal: undefined,
  expiresInMs: undefined,
  generation: 0,
  trustDomains: [],
  lastError: undefined,
}

/** Gets the identity of a process and keeps it good for as long as the mesh lives. */
export interface IdentityManager extends IdentitySource {
  /** Whom the mesh believes, also while there is no certificate. */
  readonly trust: Trust | undefined
  /** Takes what is kept from an earlier life, then asks the control server. Returns at once; idempotent. */
  start(): void
  /** A bundle of the stream; one that cannot be used is let be. `fresh`: from a control server, and not what was kept on disk. */
  useTrust(bundle: TrustBundle, fresh: boolean): void
  /** The control server can be reached (again): what has failed is tried at once. */
  controlIsBack(): void
  /** Gets another certificate at once. */
  renewNow(): void
  status(): IdentityStatus
  /** Ends timers, and waits for what is being written. Never rejects. */
  close(): Promise<void>
}

/** A certificate that no longer fits the mesh is replaced within this time; at random, as all of a mesh ask at once. */
const REPLACE_WITHIN_MS = 1_000

export function createIdentityManager(deps: IdentityManagerDeps): IdentityManager {
  return new Manager(deps)
}

class Manager implements IdentityManager {
  readonly #deps: IdentityManagerDeps
  readonly #log: IdentityLog
  readonly #listeners = new Set<() => void>()
  #plan: RenewalState = NO_CERTIFICATE
  #svid: Svid | undefined
  #current: Identity | undefined
  #trust: Trust | undefined
  /** Trust came from a control server in this life. */
  #freshTrust = false
  #generation = 0
  /** When the certificate began to count, by the wall clock. */
  #beganAt = 0
  #urlIndex = 0
  #timer: TimerHandle | undefined
  #started = false
  #closed = false

  constructor(deps: IdentityManagerDeps) {
    this.#deps = deps
    this.#log = createIdentityLog(deps)
  }

  get state(): IdentityState {
    return this.#plan.kind
  }

  get current(): Identity | undefined {
    return this.#plan.kind === 'held' ? this.#current : undefined
  }

  get trust(): Trust | undefined {
    return this.#trust
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  start(): void {
    if (this.#started) return
    this.#started = true
    void this.#begin()
  }

  useTrust(bundle: TrustBundle, fresh: boolean): void {
    if (!fresh && this.#freshTrust) return
    const trust = readTrustBundle(bundle)
    if (!trust.ok) return
    this.#freshTrust ||= fresh
    if (sameTrust(trust.value, this.#trust)) return
    this.#trust = trust.value
    if (this.#svid === undefined) return
    this.#put()
    this.#changed()
    this.#replaceWhereStale()
  }

  controlIsBack(): void {
    this.#on({ kind: 'controlIsBack' })
    // The monotonic clock stands still while a machine sleeps, and a certificate does not.
    const { kind, lifetime } = this.#plan
    const slept = kind === 'held' && this.#deps.clock.wallNow() - this.#beganAt > lifetime.ttlMs * LATEST_RENEWAL
    if (slept) this.#on({ kind: 'renew', withinMs: REPLACE_WITHIN_MS })
  }

  renewNow(): void {
    this.#on({ kind: 'renew', withinMs: 0 })
  }

  status(): IdentityStatus {
    const { kind, lifetime, error } = this.#plan
    return {
      state: kind,
      principal: this.#svid && principalOf(this.#svid.uri),
      expiresInMs: this.#svid && Math.max(0, Math.round(endOf(lifetime) - this.#deps.clock.now())),
      generation: this.#generation,
      trustDomains: this.#trust?.trustDomains ?? [],
      lastError: error,
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#deps.timers.clear(this.#timer)
    this.#listeners.clear()
    await this.#deps.directory?.idle()
  }

  async #begin(): Promise<void> {
    const kept = await this.#deps.directory?.load()
    if (this.#closed) return
    if (kept === undefined) return this.#on({ kind: 'start', held: undefined })
    const { svid, remainingMs } = kept
    if (this.#trust === undefined) this.#trust = svid.trust
    const held = { issuedAt: this.#deps.clock.now() - (svid.ttlMs - remainingMs), ttlMs: svid.ttlMs }
    this.#take(svid, held)
    this.#log.kept(svid.uri, remainingMs)
    this.#on({ kind: 'start', held })
    this.#replaceWhereStale()
  }

  #on(event: RenewalEvent): void {
    if (this.#closed || !this.#started) return
    const { clock, random, timers } = this.#deps
    const before = this.#plan.kind
    const { state, effects } = stepRenewal(this.#plan, event, clock.now(), random)
    this.#plan = state
    timers.clear(this.#timer)
    for (const effect of effects) {
      if (effect.kind === 'ask') void this.#ask()
      else if (effect.kind === 'wake') this.#timer = timers.set(() => this.#on({ kind: 'tick' }), effect.delayMs)
      else this.#log.renewal(effect, this.#svid?.uri)
    }
    if (before !== state.kind || event.kind === 'granted' || event.kind === 'start') this.#changed()
  }

  async #ask(): Promise<void> {
    const { urls, clock } = this.#deps
    const base = urls[this.#urlIndex % urls.length] as string
    const issuedAt = clock.now()
    const trustBefore = this.#trust
    const byCertificate = this.current !== undefined && base.startsWith('https:')
    const answer = await requestCertificate(this.#deps, base, byCertificate).catch(
      (error: Error): CertificateAnswer => ({ kind: 'unreachable', reason: `no key could be made: ${error.message}` }),
    )
    if (this.#closed) return
    this.#deps.recorder.certificateRequest(answer.kind)
    if (answer.kind !== 'granted') return this.#failed(answer)
    const { svid } = answer
    // What the stream told meanwhile is newer than the answer, unless the certificate itself says otherwise.
    const toldMeanwhile = this.#trust !== trustBefore && leadsTo(svid.certificateChain, this.#trust?.certificates ?? [])
    if (!toldMeanwhile) this.#trust = svid.trust
    this.#freshTrust = true
    const lifetime = { issuedAt, ttlMs: svid.ttlMs }
    if (this.#svid?.uri !== svid.uri) this.#log.first(svid, clock.wallNow())
    this.#take(svid, lifetime)
    this.#on({ kind: 'granted', lifetime })
    if (toldMeanwhile) this.#replaceWhereStale()
    this.#keep(svid, endOf(lifetime) - clock.now())
  }

  /** A certificate that peers will soon believe no more is replaced. */
  #replaceWhereStale(): void {
    if (this.#svid === undefined || this.#trust === undefined) return
    const { trustDomains, certificates } = this.#trust
    const fits = this.#svid.id.trustDomain === trustDomains[0] && leadsTo(this.#svid.certificateChain, certificates)
    if (!fits) this.#on({ kind: 'renew', withinMs: REPLACE_WITHIN_MS })
  }

  #failed({ kind, reason }: Exclude<CertificateAnswer, { kind: 'granted' }>): void {
    this.#urlIndex++
    if (kind === 'refused') this.#log.refused(reason, this.#plan.error === reason)
    else this.#log.unreachable(reason)
    this.#on({ kind: 'failed', reason, refused: kind === 'refused' })
  }

  /** Makes another generation of a certificate and the trust of this moment. */
  #take(svid: Svid, lifetime: Lifetime): void {
    const { clock, recorder } = this.#deps
    const expiresAt = endOf(lifetime)
    if (this.#svid !== svid) this.#beganAt = clock.wallNow() - (clock.now() - lifetime.issuedAt)
    this.#svid = svid
    this.#generation++
    this.#current = {
      generation: this.#generation,
      id: svid.id,
      uri: svid.uri,
      certificateChain: svid.certificateChain,
      privateKey: svid.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      trust: this.#trust ?? svid.trust,
      expiresAt,
    }
    recorder.certificate(svid.uri, clock.wallNow() + expiresAt - clock.now(), this.#generation)
  }

  #put(): void {
    const svid = this.#svid as Svid
    const { lifetime } = this.#plan
    this.#take(svid, lifetime)
    this.#keep(svid, endOf(lifetime) - this.#deps.clock.now())
  }

  #keep(svid: Svid, remainingMs: number): void {
    if (remainingMs > 0) this.#deps.directory?.save({ ...svid, trust: this.#trust ?? svid.trust }, remainingMs)
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}

function sameTrust(one: Trust, other: Trust | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
