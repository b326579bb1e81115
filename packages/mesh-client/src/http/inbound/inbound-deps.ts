import type { ServiceRef } from '@weft/mesh-protocol'
import type { Detached } from '../../context/detached.ts'
import type { ContextStore } from '../../context/request-context.ts'
import type { IdentitySource } from '../../identity/identity.ts'
import type { AskProvider } from '../../inbound/ext-authz/provider-answer.ts'
import type { FetchText } from '../../inbound/jwt/fetch-key-set.ts'
import type { OwnProbes } from '../../inbound/own-probes.ts'
import type { Register } from '../../inbound/registration.ts'
import type { CompileInbound } from '../../inbound/rules-now.ts'
import type { AuditSink } from '../../kernel/audit-event.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Logger } from '../../kernel/logger.ts'
import type { Random } from '../../kernel/random.ts'
import type { Recorder } from '../../kernel/recorder.ts'
import type { Timers } from '../../kernel/timers.ts'
import type { Tracing } from '../../kernel/tracing.ts'
import type { PolicySource } from '../../routing/policy-view.ts'
import type { ServeSockets } from './served.ts'

/** What the servers of a mesh are made of. */
export interface InboundDeps {
  readonly policy: PolicySource
  /** Of this process. */
  readonly identity: IdentitySource
  /** The connections that this process makes to itself. */
  readonly ownProbes: OwnProbes
  /** How long a TLS handshake may take. Default: 10 s. */
  readonly handshakeTimeoutMs?: number
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly context: ContextStore
  readonly recorder: Recorder
  readonly tracing: Tracing
  readonly logger: Logger
  /** Names of inbound headers that follow outbound calls. */
  readonly propagate: readonly string[]
  /** The service this process says it is, for metrics before the first inbound policy. */
  readonly service: ServiceRef | undefined
  /** Address that callers reach this process at, where it was configured. */
  readonly address: string | undefined
  /** What callers dial where `serve` is not told. */
  readonly servicePort: number
  /** How long a closing server goes on accepting after it has deregistered. */
  readonly drainDelayMs: number
  readonly register: Register
  /** Gets what access policies decided. */
  readonly audit: AuditSink
  /** Gets the keys that tokens are proven by. */
  readonly fetchText: FetchText
  /** What is done for all requests belongs to none of them. */
  readonly detached: Detached
  readonly compileInbound: CompileInbound
  /** Asks external authorization services. */
  readonly ask: AskProvider
  /** For servers of connections that are not looked into. */
  readonly serveSockets: ServeSockets
}
