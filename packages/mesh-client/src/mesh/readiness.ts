import type { MeshError } from '../kernel/errors.ts'
import type { TimerHandle, Timers } from '../kernel/timers.ts'

/** What `ready()` depends on, at one moment. */
export interface ReadinessFacts {
  readonly hostIndex: boolean
  /** A server is, or is about to be, behind the mesh. */
  readonly serving: boolean
  readonly inboundPolicy: boolean
  /** A certificate is sought and none is good. */
  readonly noCertificate: boolean
  /** Policy takes nothing but mutual TLS, on some port at least. */
  readonly strict: boolean
  /** Dependencies whose routes have not come. */
  readonly missingDependencies: readonly string[]
  /** `unknown`: no control server has been reached and not every one has been tried. */
  readonly control: 'unknown' | 'connected' | 'unreachable'
  /** Served ports that the control server does not have, in words; empty when it has all. */
  readonly unregistered: string
}

/** What is still missing, in words; empty when the mesh is ready. */
export function missing(facts: ReadinessFacts): readonly string[] {
  const out: string[] = []
  if (!facts.hostIndex) out.push('the index of the hosts of the mesh')
  if (facts.serving && !facts.inboundPolicy) out.push('the inbound policy')
  for (const host of facts.missingDependencies) out.push(`the routes of ${host}`)
  if (lacksCertificate(facts)) out.push(CERTIFICATE)
  // With the policy of an earlier life and no control server there is nothing to wait for.
  if (facts.unregistered !== '' && facts.control !== 'unreachable') out.push(`the registration (${facts.unregistered})`)
  return out
}

export const CERTIFICATE = 'the certificate of this process'

/**
 * Whether to wait for a certificate. Without a control server there will be none, which keeps a process from its work where
 * policy is STRICT; else it serves in plaintext who may come so.
 */
export function lacksCertificate({
  noCertificate,
  strict,
  control,
}: Pick<ReadinessFacts, 'noCertificate' | 'strict' | 'control'>): boolean {
  return noCertificate && (strict || control !== 'unreachable')
}

/** {@link WaitOptions} with its defaults in place. */
export interface ResolvedWait {
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/** Those who wait for something that is looked at again whenever anything has changed. */
export class Waiters {
  readonly #timers: Timers
  readonly #looks = new Set<() => void>()

  constructor(timers: Timers) {
    this.#timers = timers
  }

  changed(): void {
    for (const look of [...this.#looks]) look()
  }

  /**
   * Resolves when `done` says so and rejects with what `failure` gives, or with the signal's reason. Holds the event loop
   * meanwhile: somebody awaits it.
   */
  until(done: () => boolean, failure: () => MeshError, { timeoutMs, signal }: ResolvedWait): Promise<void> {
    return new Promise((resolve, reject) => {
      let timer: TimerHandle | undefined
      const finish = (settle: () => void): void => {
        this.#timers.clear(timer)
        this.#looks.delete(look)
        signal?.removeEventListener('abort', abort)
        settle()
      }
      const look = (): void => {
        try {
          if (done()) finish(resolve)
        } catch (error) {
          finish(() => reject(error))
        }
      }
      const abort = (): void => finish(() => reject(signal?.reason))
      if (signal?.aborted === true) return abort()
      this.#looks.add(look)
      signal?.addEventListener('abort', abort)
      timer = this.#timers.set(() => finish(() => reject(failure())), timeoutMs, { holdsLoop: true })
      look()
    })
  }
}
