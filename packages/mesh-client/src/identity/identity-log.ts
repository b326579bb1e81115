import { CERTIFICATE_BACKDATE_MS } from '@weft/mesh-protocol'
import type { Logger } from '../kernel/logger.ts'
import type { RenewalEffect } from './renewal-plan.ts'
import type { Svid } from './svid.ts'

type Told = Extract<RenewalEffect, { readonly kind: 'warn' | 'expired' | 'recovered' }>

/** What people are told of an identity. */
export interface IdentityLog {
  /** How renewing goes. */
  renewal(effect: Told, identity: string | undefined): void
  /** `repeated`: for the same reason as before. */
  refused(reason: string, repeated: boolean): void
  unreachable(reason: string): void
  kept(identity: string, remainingMs: number): void
  /** A first certificate: whether it, and this machine's clock, are what was expected. */
  first(svid: Svid, wallNow: number): void
}

export interface IdentityLogDeps {
  readonly logger: Logger
  /** Who the process says it is, and should be named. */
  readonly namespace: string
  readonly serviceAccount: string
}

export function createIdentityLog({ logger, namespace, serviceAccount }: IdentityLogDeps): IdentityLog {
  return {
    renewal(effect, identity) {
      if (effect.kind === 'recovered') return logger.info(RECOVERED, { identity })
      const details = { identity, reason: effect.reason }
      if (effect.kind === 'expired') return logger.error(EXPIRED, details)
      logger.warn(`${CANNOT_RENEW} ${inWords(effect.remainingMs)}`, details)
    },
    refused(reason, repeated) {
      if (repeated) logger.debug('No certificate', { reason })
      else logger.error(`This process is given no certificate: ${reason}`)
    },
    unreachable: (reason) => logger.debug('No certificate', { reason }),
    kept: (identity, remainingMs) => logger.info('The identity of an earlier life is used', { identity, remainingMs }),
    first({ id, uri, notAfter, ttlMs }, wallNow) {
      if (id.namespace !== namespace || id.serviceAccount !== serviceAccount) {
        logger.warn(
          `The control server names this process ${uri}, which is not what its options say: it may refuse it`,
          {
            namespace,
            serviceAccount,
          },
        )
      }
      const aheadMs = wallNow - (notAfter - ttlMs)
      if (Math.abs(aheadMs) > CERTIFICATE_BACKDATE_MS) logger.warn(clockDiffers(aheadMs))
    },
  }
}

const RECOVERED = 'The certificate of this process has been renewed again'
const EXPIRED =
  'The certificate of this process has ended: connections to and from the mesh fail until there is another'
const CANNOT_RENEW = 'The certificate of this process cannot be renewed and ends in'

function clockDiffers(aheadMs: number): string {
  const minutes = Math.round(Math.abs(aheadMs) / 60_000)
  const direction = aheadMs > 0 ? 'ahead of' : 'behind'
  return `The clock of this machine is ${minutes} min ${direction} the control server's: certificates may be refused`
}

function inWords(ms: number): string {
  if (ms >= 7_200_000) return `${Math.round(ms / 3_600_000)} h`
  return ms >= 120_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 1_000)} s`
}
