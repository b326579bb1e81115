import type { ClusterManager } from '../cluster/types.ts'
import { createDetached } from '../context/detached.ts'
import type { Discovery } from '../discovery/discovery.ts'
import type { Inbound } from '../http/inbound/create-inbound.ts'
import type { Outbound } from '../http/outbound/outbound.ts'
import type { IdentityManager } from '../identity/identity-manager.ts'
import type { Clock } from '../kernel/clock.ts'
import { createDeadline } from '../kernel/deadline.ts'
import { MeshError } from '../kernel/errors.ts'
import type { Logger } from '../kernel/logger.ts'
import type { Timers } from '../kernel/timers.ts'
import { DEFAULT_CLOSE_TIMEOUT_MS, DEFAULT_READY_TIMEOUT_MS } from '../options/defaults.ts'
import type { ResolvedOptions } from '../options/types.ts'
import type { PolicySource } from '../routing/policy-view.ts'
import type { OutboundTcp } from '../tcp/connect.ts'
import type { Admin } from './admin.ts'
import type { OwnHealth } from './own-health.ts'
import { CERTIFICATE, lacksCertificate, missing, Waiters } from './readiness.ts'
import type { Registrations } from './registrations.ts'
import type { WaitOptions } from './types.ts'

export interface LifecycleDeps {
  readonly options: ResolvedOptions
  readonly clock: Clock
  readonly timers: Timers
  readonly logger: Logger
  readonly policy: PolicySource
  readonly identity: IdentityManager
  readonly discovery: Discovery<unknown, unknown>
  readonly registrations: Registrations
  readonly ownHealth: OwnHealth
  readonly admin: Admin
  readonly inbound: Inbound
  readonly outbound: Outbound
  readonly tcp: OutboundTcp
  readonly clusters: ClusterManager
}

/** From the first step of a mesh to its last. */
export interface Lifecycle {
  start(): void
  /** `serve` was called; gives back what it gives. */
  serving<T>(starting: Promise<T>): Promise<T>
  /** Policy has changed. */
  snapshotChanged(): void
  /** Anything else that readiness depends on has changed. */
  changed(): void
  /** What it is not ready for, in words. */
  missing(): readonly string[]
  ready(options?: WaitOptions): Promise<void>
  close(options?: WaitOptions): Promise<void>
}

export function createLifecycle(deps: LifecycleDeps): Lifecycle {
  const { options, policy, identity, discovery, registrations } = deps
  const waiters = new Waiters(deps.timers)
  let serves = false
  /** Calls of `serve` that do not listen yet. */
  let starting = 0
  let adminSettled = false
  let closing: Promise<void> | undefined

  const certificateFacts = () => ({
    noCertificate: identity.state === 'pending' || identity.state === 'expired',
    strict: isStrict(policy),
    control: discovery.control.state,
  })
  const missingNow = (): readonly string[] => {
    if (closing !== undefined) return ['the mesh itself, which is closed']
    return missing({
      hostIndex: policy.current.hosts !== undefined,
      serving: serves,
      inboundPolicy: policy.current.inbound !== undefined,
      ...certificateFacts(),
      missingDependencies: options.dependencies.filter((host) => !isKnown(policy, host)),
      unregistered: starting > 0 ? 'a server that is about to listen' : registrations.pending,
    })
  }
  const followDependencies = (): void => {
    for (const name of options.dependencies) {
      const host = policy.current.hosts?.resolve(name)
      if (host !== undefined) policy.follow(host)
    }
  }
  const allowRegistration = (): void => {
    if (!adminSettled || policy.current.inbound === undefined || closing !== undefined) return
    // Callers that learn of this process before it can speak TLS would speak plaintext to it.
    if (!lacksCertificate(certificateFacts())) registrations.allow()
  }
  const changed = (): void => {
    allowRegistration()
    waiters.changed()
  }

  return {
    start() {
      identity.onChange(changed)
      createDetached()(() => identity.start())
      discovery.start()
      void deps.admin.start().then(() => {
        adminSettled = true
        allowRegistration()
      })
    },
    async serving(server) {
      serves = true
      starting++
      try {
        return await server
      } finally {
        starting--
        waiters.changed()
      }
    },
    snapshotChanged() {
      followDependencies()
      if (closing === undefined) deps.ownHealth.follow(policy.current.inbound?.readinessProbe)
      allowRegistration()
      waiters.changed()
    },
    changed,
    missing: missingNow,
    ready({ timeoutMs = DEFAULT_READY_TIMEOUT_MS, signal } = {}) {
      const done = (): boolean => {
        if (closing !== undefined) throw new MeshError('WEFT_CLOSED', 'The mesh is closed and will not become ready.')
        return missingNow().length === 0
      }
      return waiters.until(done, () => notReady(missingNow(), discovery, timeoutMs), { timeoutMs, signal })
    },
    close({ timeoutMs = DEFAULT_CLOSE_TIMEOUT_MS, signal } = {}) {
      closing ??= shutDown(deps, { timeoutMs, signal })
      waiters.changed()
      return closing
    },
  }
}

/** A host outside the mesh needs no routes. */
function isKnown({ current }: PolicySource, name: string): boolean {
  if (current.hosts === undefined) return true
  const host = current.hosts.resolve(name)
  return host === undefined || current.routes.has(host)
}

/** Whether policy takes nothing but mutual TLS, on some port at least. */
function isStrict({ current }: PolicySource): boolean {
  const { mode, ports = {} } = current.inbound?.peerAuthentication ?? {}
  return mode === 'STRICT' || Object.values(ports).includes('STRICT')
}

function notReady(lacks: readonly string[], discovery: Discovery<unknown, unknown>, timeoutMs: number): MeshError {
  const { state, url, lastError } = discovery.control
  const control = state === 'connected' ? `connected to ${url}` : (lastError ?? `no answer from ${url} yet`)
  const message = `Not ready after ${timeoutMs} ms: ${lacks.join(', ')} did not come (control server: ${control}).`
  if (lacks.length > 0 && lacks[0] === CERTIFICATE)
    return new MeshError('WEFT_NO_IDENTITY', message, { retryable: true })
  return new MeshError('WEFT_NOT_READY', message, { retryable: true })
}

/**
 * Servers first, so that calls they still have to make find the mesh as it was; then calls under way; then what carried
 * them. Each step gets what is left of the time, and none is left out.
 */
async function shutDown(deps: LifecycleDeps, wait: WaitOptions & { readonly timeoutMs: number }): Promise<void> {
  const deadline = createDeadline(deps, wait)
  deps.ownHealth.close()
  const step = async (name: string, action: (remainingMs: number) => Promise<unknown>): Promise<void> => {
    try {
      await Promise.race([action(deadline.remainingMs()), deadline.passed])
    } catch (error) {
      deps.logger.warn(`While closing, ${name} failed`, { reason: (error as Error).message })
    }
  }
  await step('draining', (timeoutMs) => deps.inbound.close({ timeoutMs, signal: wait.signal }))
  await step('deregistering', () => deps.registrations.deregisterAll())
  await step('finishing calls', () => deps.outbound.close())
  await step('finishing connections', () => deps.tcp.close())
  deps.tcp.destroy(cutOff())
  if (deps.outbound.active > 0) await step('cutting calls', () => deps.outbound.destroy(cutOff()))
  await step('closing the admin listener', () => deps.admin.close())
  await step('keeping the identity', () => deps.identity.close())
  await step('keeping the policy', () => deps.discovery.close())
  deps.clusters.close()
  deadline.done()
}

function cutOff(): MeshError {
  return new MeshError('WEFT_CLOSED', 'The mesh was closed before this call was over.')
}
