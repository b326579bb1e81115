import type { InboundPolicy, InboundService } from '@weft/mesh-protocol'
import { type ContextStore, createContextStore } from '../../packages/mesh-client/src/context/request-context.ts'
import { createInbound, type Inbound } from '../../packages/mesh-client/src/http/inbound/create-inbound.ts'
import type { InboundDeps } from '../../packages/mesh-client/src/http/inbound/inbound-deps.ts'
import { NO_IDENTITY } from '../../packages/mesh-client/src/identity/identity.ts'
import type { AskProvider } from '../../packages/mesh-client/src/inbound/ext-authz/provider-answer.ts'
import { compileInboundRules } from '../../packages/mesh-client/src/inbound/inbound-rules.ts'
import { OwnProbes } from '../../packages/mesh-client/src/inbound/own-probes.ts'
import { connectionPolicy } from '../../packages/mesh-client/src/inbound/policy-steps.ts'
import type { BoundAddress } from '../../packages/mesh-client/src/inbound/registration.ts'
import type { AuditEvent } from '../../packages/mesh-client/src/kernel/audit-event.ts'
import { systemClock } from '../../packages/mesh-client/src/kernel/clock.ts'
import { systemRandom } from '../../packages/mesh-client/src/kernel/random.ts'
import type { CallRecord } from '../../packages/mesh-client/src/kernel/recorder.ts'
import { systemTimers } from '../../packages/mesh-client/src/kernel/timers.ts'
import { noTracing } from '../../packages/mesh-client/src/kernel/tracing.ts'
import { createServeSockets } from '../../packages/mesh-client/src/tcp/served-sockets.ts'
import { type FakePolicy, fakePolicy, recordingRecorder } from './outbound.ts'

/** The inbound side with a registration kept by hand. */
export interface InboundHarness extends AsyncDisposable {
  readonly inbound: Inbound
  readonly context: ContextStore
  readonly policy: FakePolicy
  readonly calls: CallRecord[]
  readonly warnings: string[]
  readonly audited: AuditEvent[]
  /** What is registered now. */
  readonly registered: BoundAddress[]
  /** What happened to registrations, in order. */
  readonly events: string[]
}

export function inboundHarness(overrides: Partial<InboundDeps> = {}): InboundHarness {
  const context = createContextStore()
  const policy = fakePolicy()
  const recorder = recordingRecorder()
  const warnings: string[] = []
  const audited: AuditEvent[] = []
  const registered: BoundAddress[] = []
  const events: string[] = []
  const quiet = (): void => undefined
  const logger = {
    debug: quiet,
    info: quiet,
    warn: (text: string) => void warnings.push(text),
    error: quiet,
    ...overrides.logger,
  }
  const { identity = NO_IDENTITY, ownProbes = new OwnProbes() } = overrides
  const audit = (event: AuditEvent): void => void audited.push(event)
  const ask: AskProvider = overrides.ask ?? (async () => ({ allowed: false, reason: 'nobody can be asked' }))
  const inbound = createInbound({
    policy,
    identity,
    ownProbes,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    context,
    recorder,
    tracing: noTracing,
    logger,
    propagate: [],
    service: { host: 'self.default.svc.cluster.local', name: 'self', namespace: 'default' },
    address: undefined,
    servicePort: 80,
    serveSockets: createServeSockets({
      clock: systemClock,
      timers: systemTimers,
      recorder,
      policy,
      service: undefined,
      identity,
      ownProbes,
      logger,
      authorizeConnection: connectionPolicy({
        clock: systemClock,
        recorder,
        policy,
        service: undefined,
        audit,
        ask,
        compileInbound: compileInboundRules,
      }),
    }),
    audit,
    compileInbound: compileInboundRules,
    fetchText: () => Promise.reject(new Error('nobody is asked for keys')),
    detached: (action) => action(),
    ask,
    drainDelayMs: 0,
    register: (bound) => {
      registered.push(bound)
      events.push('registered')
      return {
        get registered() {
          return registered.includes(bound)
        },
        async deregister() {
          if (!registered.includes(bound)) return
          registered.splice(registered.indexOf(bound), 1)
          events.push('deregistered')
        },
      }
    },
    ...overrides,
  })
  return {
    inbound,
    context,
    policy,
    calls: recorder.calls,
    warnings,
    audited,
    registered,
    events,
    [Symbol.asyncDispose]: () => inbound.close({ timeoutMs: 0 }),
  }
}

export function inboundPolicy(services: readonly InboundService[]): InboundPolicy {
  return { type: 'InboundPolicy', name: 'inbound', version: '1', services }
}
