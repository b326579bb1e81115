import { Server } from 'node:http'

/**
 * Whether `@opentelemetry/instrumentation-http`, or another that wraps as it does, makes a SERVER span for each request
 * of the process: one of ours would stand beside it.
 */
export function isServerInstrumented(): boolean {
  return '__wrapped' in Server.prototype.emit
}
