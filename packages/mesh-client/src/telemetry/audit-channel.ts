import { channel } from 'node:diagnostics_channel'
import type { AuditEvent, AuditSink } from '../kernel/audit-event.ts'
import type { Logger } from '../kernel/logger.ts'

/**
 * Hands each entry of the access log of decisions to whoever listens to the diagnostics channel `weft:audit`, and to the
 * application's sink; without one to its logger, as `info`.
 */
export function createAuditLog(sink: AuditSink | undefined, logger: Logger): AuditSink {
  const published = channel('weft:audit')
  return (event) => {
    if (published.hasSubscribers) published.publish(event)
    if (sink === undefined) logger.info(`access ${event.decision}`, { ...event })
    else guarded(sink, event, logger)
  }
}

/** A request does not fail because somebody cannot write it down. */
function guarded(sink: AuditSink, event: AuditEvent, logger: Logger): void {
  try {
    sink(event)
  } catch (error) {
    logger.warn(`The audit sink failed: ${error instanceof Error ? error.message : String(error)}`)
  }
}
