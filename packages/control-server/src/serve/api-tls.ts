import { constants } from 'node:crypto'
import type { SecureContextOptions, Server, TlsOptions } from 'node:tls'
import type { CertificateAuthority } from '../ca/authority.ts'
import { makeServerCertificate, type ServerCertificate } from '../ca/server-certificate.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Logger } from '../kernel/logger.ts'
import type { TimerHandle, Timers } from '../kernel/timers.ts'

export interface ApiTlsOptions {
  readonly authority: CertificateAuthority
  /** DNS names and addresses that the certificate is good for, besides those of this machine. */
  readonly names: readonly string[]
  readonly clock: Clock
  readonly timers: Timers
  readonly logger: Logger
  /** A client that begins a handshake and does not go on is cut off after this. Default 10 s. */
  readonly handshakeTimeoutMs?: number
}

const HANDSHAKE_TIMEOUT_MS = 10_000

/** After a failure the certificate that is there goes on serving, and another try is made. */
const RETRY_MS = 30_000

/** TLS of the API: a certificate of the mesh, and clients that may show one. */
export class ApiTls {
  private readonly options: ApiTlsOptions
  private certificate: ServerCertificate
  private server: Server | undefined
  private timer: TimerHandle | undefined
  private renewing: Promise<void> = Promise.resolve()
  private unsubscribe: () => void = () => undefined

  private constructor(options: ApiTlsOptions, certificate: ServerCertificate) {
    this.options = options
    this.certificate = certificate
  }

  /** Rejects with a `CaError`. */
  static async open(options: ApiTlsOptions): Promise<ApiTls> {
    return new ApiTls(options, await makeServerCertificate(options.authority, options.names))
  }

  /** For the server that is made with it. */
  serverOptions(): TlsOptions {
    return {
      ...contextOf(this.certificate),
      handshakeTimeout: this.options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS,
      requestCert: true,
      // A process that joins has none yet; who shows one that is not believed is nobody (`TLSSocket.authorized`).
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
    }
  }

  /** Keeps the certificate of this server good from now on: at half of its life, and when the root changes. */
  keep(server: Server): void {
    this.server = server
    this.unsubscribe = this.options.authority.trust.subscribe(() => this.renew())
    this.schedule((this.certificate.endsAtMs - this.options.clock.wallNow()) / 2)
  }

  close(): void {
    this.server = undefined
    this.unsubscribe()
    this.options.timers.clear(this.timer)
  }

  private schedule(delayMs: number): void {
    if (this.server === undefined) return
    this.options.timers.clear(this.timer)
    this.timer = this.options.timers.set(() => this.renew(), delayMs)
  }

  /** One after the other, so that the newest trust is what stays. */
  private renew(): void {
    this.renewing = this.renewing.then(() => this.renewNow())
  }

  private async renewNow(): Promise<void> {
    const { authority, names, clock, logger } = this.options
    if (this.server === undefined) return
    try {
      this.certificate = await makeServerCertificate(authority, names)
      this.server?.setSecureContext(contextOf(this.certificate))
      this.schedule((this.certificate.endsAtMs - clock.wallNow()) / 2)
    } catch (error) {
      logger.error("the API's certificate could not be renewed, and is tried again", { error: String(error) })
      this.schedule(RETRY_MS)
    }
  }
}

/** Of TLS 1.2 only those with forward secrecy and authenticated encryption (RFC 7525 4.2); those of 1.3 are all so. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
].join(':')

/** Also what `setSecureContext` would put back to its default. */
function contextOf({ chain, key, trust }: ServerCertificate): SecureContextOptions {
  return {
    cert: chain,
    key,
    ca: [...trust],
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    // A session that is taken up again would show the identity of a certificate that was shown earlier.
    secureOptions: constants.SSL_OP_NO_TICKET,
  }
}
