import { isDnsLabel, isDnsSubdomain } from '../config/names.ts'
import type { Logger } from '../kernel/logger.ts'
import type { ServiceAccount } from './service-account-tokens.ts'

/**
 * Proves workloads by credentials that neither this server nor Kubernetes makes: a cloud's instance identity, another issuer of
 * tokens. A process presents such a credential as its token (`WEFT_TOKEN`, `WEFT_TOKEN_FILE`).
 */
export interface Attestor {
  /** For logs and records, a DNS label, e.g. `aws-iid`. */
  readonly name: string
  /**
   * Whose credential it is, or `undefined` where it is none that this attestor knows or believes: then the next one is asked. To
   * reject is as good as `undefined`, and is logged.
   *
   * @param credential at most 8 KiB
   */
  attest(credential: string): Promise<ServiceAccount | undefined>
}

/** Whom the first attestor that knows the credential takes it for. What names no service account is passed over, and logged. */
export async function attestedBy(
  attestors: readonly Attestor[],
  credential: string,
  logger: Logger,
): Promise<{ readonly account: ServiceAccount; readonly by: string } | undefined> {
  for (const attestor of attestors) {
    const { name } = attestor
    try {
      const account = await attestor.attest(credential)
      if (account === undefined) continue
      if (isServiceAccount(account)) return { account: accountOf(account), by: name }
      logger.warn('an attestor gave something that is no service account', { attestor: name })
    } catch (error) {
      logger.warn('an attestor could not tell whose a credential is', { attestor: name, error: String(error) })
    }
  }
  return undefined
}

const accountOf = ({ namespace, serviceAccount }: ServiceAccount): ServiceAccount => ({ namespace, serviceAccount })

function isServiceAccount({ namespace, serviceAccount }: ServiceAccount): boolean {
  return (
    typeof namespace === 'string' &&
    isDnsLabel(namespace) &&
    typeof serviceAccount === 'string' &&
    isDnsSubdomain(serviceAccount)
  )
}
