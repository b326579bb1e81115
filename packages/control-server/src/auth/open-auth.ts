import type { IssuedCertificates } from '../ca/issued-certificates.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Logger } from '../kernel/logger.ts'
import type { Timers } from '../kernel/timers.ts'
import type { Store } from '../store/store.ts'
import type { Attestor } from './attestor.ts'
import type { AuditLog } from './audit-log.ts'
import { Authenticator } from './authenticator.ts'
import { createFetchDocument } from './fetch-document.ts'
import { GuessLimiter } from './guess-limiter.ts'
import { RoleBindings } from './role-bindings.ts'
import { type KubernetesOptions, type ServiceAccount, ServiceAccountTokens } from './service-account-tokens.ts'
import { TokenAdmission } from './token-admission.ts'
import { Tokens } from './tokens.ts'

export interface AuthOptions {
  readonly secure: boolean
  readonly kubernetes: KubernetesOptions | undefined
  readonly attestors: readonly Attestor[]
  readonly store: Store
  readonly audit: AuditLog
  readonly certificates: IssuedCertificates
  /** Of the root that the holder of a new token may trust. */
  readonly caFingerprint: () => Promise<string | undefined>
  readonly spiffeIdOf: (account: ServiceAccount) => string
  readonly spiffeIdsOf: (account: ServiceAccount) => readonly string[]
  readonly clock: Clock
  readonly timers: Timers
  readonly logger: Logger
}

/** Everything that is known of who may use the control server. */
export interface Auth {
  readonly tokens: Tokens
  readonly roles: RoleBindings
  readonly admission: TokenAdmission
  readonly authenticator: Authenticator
  close(): void
}

export async function openAuth(options: AuthOptions): Promise<Auth> {
  const { secure, kubernetes, attestors, store, certificates, caFingerprint, clock, timers, logger } = options
  const fetch = createFetchDocument(timers)
  const wallNow = (): number => clock.wallNow()
  const audit: AuditLog['operations'] = (changes) => options.audit.operations(changes)
  const tokens = await Tokens.follow({ store, wallNow, caFingerprint, audit })
  const roles = await RoleBindings.follow({ store, audit })
  return {
    tokens,
    roles,
    admission: new TokenAdmission(tokens),
    authenticator: new Authenticator({
      secure,
      tokens,
      roles,
      certificates,
      serviceAccounts: kubernetes && new ServiceAccountTokens(kubernetes, { clock, logger, fetch }),
      attestors,
      logger,
      limiter: new GuessLimiter(clock),
      wallNow,
      spiffeIdOf: options.spiffeIdOf,
      spiffeIdsOf: options.spiffeIdsOf,
    }),
    close() {
      tokens.close()
      roles.close()
    },
  }
}
