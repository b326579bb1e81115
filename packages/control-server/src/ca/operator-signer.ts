import type { Clock } from '../kernel/clock.ts'
import type { Logger } from '../kernel/logger.ts'
import type { TimerHandle, Timers } from '../kernel/timers.ts'
import { type OperatorFiles, readOperatorFiles } from './operator-files.ts'
import { toPem } from './pem.ts'
import type { CertificateTemplate, Signer } from './signer.ts'
import { signLeaf } from './x509-library.ts'

export interface OperatorSignerOptions {
  readonly directory: string
  readonly clock: Clock
  readonly timers: Timers
  readonly logger: Logger
}

/** How often the files are looked at; what mounts them (a Secret of Kubernetes) is not faster. */
const PERIOD_MS = 30_000

/** Signs with an intermediate that the operator has put into a directory. Rejects with a `CaError` where it cannot be used. */
export async function openOperatorSigner(options: OperatorSignerOptions): Promise<Signer> {
  return new OperatorSigner(options, await readOperatorFiles(options.directory, options.clock.wallNow()))
}

/**
 * Follows its files, so that an intermediate is renewed and a root changed while the server runs. Files that cannot be used, as
 * they are being replaced or by mistake, are told of, and those before them go on signing.
 */
class OperatorSigner implements Signer {
  readonly description: string
  private readonly options: OperatorSignerOptions
  private readonly listeners = new Set<() => void>()
  private files: OperatorFiles
  private timer: TimerHandle | undefined
  private told: string | undefined
  private isClosed = false

  constructor(options: OperatorSignerOptions, files: OperatorFiles) {
    this.description = `the authority in ${options.directory}`
    this.options = options
    this.files = files
    this.schedule()
  }

  async sign(template: CertificateTemplate): Promise<readonly string[]> {
    const { issuer, between } = this.files
    return [toPem(await signLeaf(template, issuer)), ...between]
  }

  roots(): readonly string[] {
    return this.files.roots
  }

  endsAtMs(): number {
    return this.files.issuer.certificate.validToDate.getTime()
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  close(): void {
    this.isClosed = true
    this.options.timers.clear(this.timer)
    this.listeners.clear()
  }

  private schedule(): void {
    if (this.isClosed) return
    this.timer = this.options.timers.set(() => void this.lookAgain(), PERIOD_MS)
  }

  private async lookAgain(): Promise<void> {
    const { directory, clock, logger } = this.options
    try {
      const files = await readOperatorFiles(directory, clock.wallNow())
      this.told = undefined
      if (!isSame(files, this.files)) {
        this.files = files
        logger.info('the authority was replaced, and signs from now on', { directory })
        for (const listener of this.listeners) listener()
      }
    } catch (error) {
      const { message } = error as Error
      if (message !== this.told) logger.error('the authority cannot be replaced by what is there now', { message })
      this.told = message
    }
    this.schedule()
  }
}

/** The key belongs to the certificate, so that only certificates have to be compared. */
function isSame(a: OperatorFiles, b: OperatorFiles): boolean {
  return visible(a) === visible(b)
}

function visible({ issuer, between, roots }: OperatorFiles): string {
  return [toPem(issuer.certificate), between.join(''), roots.join('')].join('|')
}
