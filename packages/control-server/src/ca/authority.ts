import { X509Certificate } from 'node:crypto'
import { CERTIFICATE_BACKDATE_MS, formatSpiffeId, type SpiffeId, uriNames } from '@weft/mesh-protocol'
import type { Clock } from '../kernel/clock.ts'
import type { Logger } from '../kernel/logger.ts'
import type { TimerHandle, Timers } from '../kernel/timers.ts'
import { formatTimestamp } from '../kernel/timestamp.ts'
import { CaError } from './ca-error.ts'
import { fingerprintOf } from './pem.ts'
import type { MakeSerial } from './serial.ts'
import type { CertificateTemplate, Signer } from './signer.ts'
import type { TrustContent, TrustSource } from './trust-source.ts'

/** What the mesh is called (MeshConfig). */
export interface TrustNames {
  readonly trustDomain: string
  readonly trustDomainAliases: readonly string[]
}

export interface AuthorityOptions {
  /** Who signs, where that is known at the start; rejects with a `CaError` where it cannot be used. */
  readonly open: () => Promise<Signer | undefined>
  /** Makes one at the first need. */
  readonly make: () => Promise<Signer>
  readonly names: () => TrustNames
  readonly clock: Clock
  readonly timers: Timers
  readonly logger: Logger
  readonly makeSerial: MakeSerial
}

/** A certificate with all that leads to a root. */
export interface Issued {
  readonly leaf: X509Certificate
  /** PEM, the leaf first, without the root. */
  readonly chain: readonly string[]
}

const DAY_MS = 24 * 3_600_000

/** People who have to replace a root need some time. */
const WARN_BEFORE_END_MS: number = 30 * DAY_MS

/** The certificate authority of the mesh: a signer that is made when it is first needed, and what it is believed by. */
export class CertificateAuthority {
  readonly trust: TrustSource
  private readonly options: AuthorityOptions
  private readonly listeners = new Set<() => void>()
  private content: TrustContent | undefined
  private signer: Signer | undefined
  private making: Promise<Signer> | undefined
  private timer: TimerHandle | undefined

  private constructor(options: AuthorityOptions) {
    this.options = options
    const contentNow = (): TrustContent | undefined => this.content
    this.trust = {
      get current() {
        return contentNow()
      },
      subscribe: (listener) => {
        this.listeners.add(listener)
        return () => this.listeners.delete(listener)
      },
    }
  }

  /** Looks for an authority that is there; rejects with a `CaError` where it is and cannot be used. */
  static async open(options: AuthorityOptions): Promise<CertificateAuthority> {
    const authority = new CertificateAuthority(options)
    const signer = await options.open()
    if (signer !== undefined) authority.use(signer)
    return authority
  }

  /** `undefined`: nothing has needed one yet. */
  get existing(): Signer | undefined {
    return this.signer
  }

  /** Who signs; made now where there is none. */
  async ready(): Promise<Signer> {
    if (this.signer !== undefined) return this.signer
    this.making ??= this.options.make().then(
      (signer) => this.use(signer),
      (error: unknown) => {
        this.making = undefined
        throw error
      },
    )
    return this.making
  }

  /** Of the root that signs this server's own certificate, and that a token pins: the first. Hex in lower case. */
  async fingerprint(): Promise<string> {
    const [first] = (await this.ready()).roots()
    return fingerprintOf(new X509Certificate(first as string))
  }

  /** The identity of a workload, in the trust domain of the moment. */
  spiffeId({ namespace, serviceAccount }: Omit<SpiffeId, 'trustDomain'>): string {
    return formatSpiffeId({ trustDomain: this.options.names().trustDomain, namespace, serviceAccount })
  }

  /** A certificate from now on, for `ttlMs`. Rejects with a `CaError`. */
  async issue(
    what: Pick<CertificateTemplate, 'publicKey' | 'uri' | 'dnsNames' | 'ipAddresses' | 'byOldestRoot'>,
    ttlMs: number,
  ): Promise<Issued> {
    const now = this.options.clock.wallNow()
    const signer = await this.ready()
    const template = {
      ...what,
      serial: this.options.makeSerial(),
      notBeforeMs: now - CERTIFICATE_BACKDATE_MS,
      notAfterMs: now + ttlMs,
    }
    const chain = await signer.sign(template).catch((error: Error) => {
      throw new CaError('WEFT_CA_UNAVAILABLE', `${signer.description} could not sign: ${error.message}`, error)
    })
    const leaf = new X509Certificate(chain[0] ?? '')
    if (leaf.validToDate.getTime() <= now) {
      throw new CaError(
        'WEFT_CA_EXPIRED',
        `${signer.description} has ended: it signs nothing any more. Put another in its place.`,
      )
    }
    if (names(leaf, what.uri) && leaf.publicKey.equals(what.publicKey)) return { leaf, chain }
    throw new CaError(
      'WEFT_CA_INVALID',
      `${signer.description} has signed something else than it was asked for (${leaf.subjectAltName}): let it take the key and the URI ${what.uri} as they are.`,
    )
  }

  /** To be called when what {@link AuthorityOptions.names} answers may have changed. */
  namesMayHaveChanged(): void {
    this.refresh()
  }

  close(): void {
    this.options.timers.clear(this.timer)
    this.listeners.clear()
    this.signer?.close()
  }

  private use(signer: Signer): Signer {
    this.signer = signer
    signer.subscribe(() => this.refresh(true))
    this.refresh()
    this.warnOfTheEnd(signer)
    return signer
  }

  /** @param isSure something has changed, if only who signs */
  private refresh(isSure = false): void {
    if (this.signer === undefined) return
    const { trustDomain, trustDomainAliases } = this.options.names()
    const content: TrustContent = {
      trustDomain,
      ...(trustDomainAliases.length === 0 ? {} : { trustDomainAliases }),
      certificates: this.signer.roots(),
    }
    const isSame = JSON.stringify(content) === JSON.stringify(this.content)
    if (!isSame) this.content = content
    if (!isSame || isSure) for (const listener of this.listeners) listener()
  }

  /** Every day, as people overlook a line of the log. */
  private warnOfTheEnd(signer: Signer): void {
    const { clock, timers, logger } = this.options
    this.timer = timers.set(() => this.warnOfTheEnd(signer), DAY_MS)
    const soon = clock.wallNow() + WARN_BEFORE_END_MS
    for (const root of signer.roots().map((pem) => new X509Certificate(pem))) {
      if (root.validToDate.getTime() > soon) continue
      logger.warn('a root of the mesh ends soon, and with it all that it has signed: change it before', {
        fingerprint: fingerprintOf(root),
        ends: root.validTo,
      })
    }
    const endsAtMs = signer.endsAtMs?.() ?? Number.POSITIVE_INFINITY
    if (endsAtMs > soon) return
    logger.warn('what signs the certificates of the mesh ends soon: replace it before', {
      signer: signer.description,
      ends: formatTimestamp(endsAtMs),
    })
  }
}

/** Whether that is its one URI. */
function names({ subjectAltName }: X509Certificate, uri: string): boolean {
  const uris = uriNames(subjectAltName)
  return uris?.length === 1 && uris[0] === uri
}
