import type { FastifyRequest } from 'fastify'
import { principalNameOf } from '../auth/caller.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Logger } from '../kernel/logger.ts'
import { knownCallerOf } from './caller-of.ts'
import type { ApiError } from './status.ts'

/** Whoever is refused must not fill the disk with it: what is more is counted, and told with the next line. */
const MAX_LINES = 60
const PERIOD_MS = 60_000

/** Of what comes from outside. */
const MAX_CHARACTERS = 500

/** Tells the log of whoever tried what he may not: a guessed credential, or one that is used for more than it is good for. */
export class RefusalLog {
  private readonly logger: Logger
  private readonly clock: Clock
  private since = Number.NEGATIVE_INFINITY
  private lines = 0
  private untold = 0

  constructor(logger: Logger, clock: Clock) {
    this.logger = logger
    this.clock = clock
  }

  /** Looks at every refusal. Who presents nothing has not tried anything. */
  note(request: FastifyRequest, { code, message }: ApiError): void {
    const caller = knownCallerOf(request)
    const isAbuse = code === 403 || code === 429 || (code === 401 && request.headers.authorization !== undefined)
    if (!isAbuse || !this.hasRoom()) return
    const untold = this.untold
    this.untold = 0
    this.logger.warn('a request was refused', {
      method: request.method,
      path: request.url.split('?', 1)[0]?.slice(0, MAX_CHARACTERS),
      code,
      message: message.slice(0, MAX_CHARACTERS),
      from: request.raw.socket.remoteAddress,
      ...(caller === undefined ? {} : { principal: principalNameOf(caller) }),
      ...(untold === 0 ? {} : { untold }),
    })
  }

  private hasRoom(): boolean {
    const now = this.clock.now()
    if (now - this.since >= PERIOD_MS) {
      this.since = now
      this.lines = 0
    }
    if (this.lines >= MAX_LINES) this.untold++
    return this.lines++ < MAX_LINES
  }
}
