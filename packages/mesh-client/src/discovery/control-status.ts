import type { HelloEvent } from '@weft/mesh-protocol'
import type { Clock } from '../kernel/clock.ts'
import type { Logger } from '../kernel/logger.ts'
import type { Recorder } from '../kernel/recorder.ts'

/** The way to the control server as it is now. */
export interface ControlStatus {
  /** The one connected to, or tried last. */
  readonly url: string
  /** `unknown`: never reached so far, and not every URL has been tried. */
  readonly state: 'unknown' | 'connected' | 'unreachable'
  /** Since when, in milliseconds since 1970. */
  readonly since: number
  /** Why the last try or stream came to nothing. */
  readonly lastError: string | undefined
}

export interface ControlStatusDeps {
  readonly urls: readonly string[]
  readonly clock: Clock
  readonly logger: Logger
  readonly recorder: Recorder
  readonly onChange: () => void
  /** A stream has opened; `forgotten`: to a server with other data than the one before. */
  readonly onConnected: (forgotten: boolean) => void
}

export interface ControlStatusTracker {
  readonly current: ControlStatus
  connected(url: string, hello: HelloEvent): void
  disconnected(url: string, reason: string, lost: boolean): void
  /** The mesh is closed: what is lost from now on is not worth a warning. */
  closing(): void
}

/** Keeps the status and tells of it: one warning an outage, not one a try. */
export function createControlStatusTracker(deps: ControlStatusDeps): ControlStatusTracker {
  const { clock, logger, recorder } = deps
  const tried = new Set<string>()
  let current: ControlStatus = {
    url: deps.urls[0] as string,
    state: 'unknown',
    since: clock.wallNow(),
    lastError: undefined,
  }
  let epoch: string | undefined
  let warned = ''
  let closed = false

  const become = (next: Omit<ControlStatus, 'since'>): void => {
    const since = next.state === current.state ? current.since : clock.wallNow()
    current = { ...next, since }
    deps.onChange()
  }
  return {
    get current() {
      return current
    },
    connected(url, hello) {
      const forgotten = epoch !== undefined && epoch !== hello.epoch
      epoch = hello.epoch
      tried.clear()
      warned = ''
      logger.info(`Connected to the control server ${url}`)
      recorder.connected(url, true)
      become({ url, state: 'connected', lastError: undefined })
      deps.onConnected(forgotten)
    },
    disconnected(url, reason, lost) {
      if (lost) recorder.connected(url, false)
      tried.add(url)
      const all = tried.size >= new Set(deps.urls).size
      const lastError = `${url}: ${reason}`
      if (closed || warned === lastError || (warned !== '' && !lost))
        logger.debug('No control server', { reason: lastError })
      else
        logger.warn(`The control server ${url} cannot be reached and is tried again; the policy stays as it is`, {
          reason,
        })
      if (warned === '' && !closed) warned = lastError
      become({ url, state: all ? 'unreachable' : 'unknown', lastError })
    },
    closing() {
      closed = true
    },
  }
}
