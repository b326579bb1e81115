import type { FastifyReply } from 'fastify'

/** Header lines have to stay within what clients take. */
const MAX_WARNINGS = 20
const MAX_LENGTH = 300

/** Tells warnings as Kubernetes does: `Warning: 299 - "…"` (RFC 9111 5.5, Kubernetes KEP-1693). */
export function warn(reply: FastifyReply, warnings: readonly string[]): void {
  if (warnings.length === 0) return
  const told = warnings.slice(0, MAX_WARNINGS)
  if (warnings.length > told.length) told.push(`and ${warnings.length - told.length} more`)
  reply.header('warning', told.map(headerValue))
}

/** A quoted string of printable ASCII; other characters cannot stand in a header. */
function headerValue(warning: string): string {
  const short = warning.length > MAX_LENGTH ? `${warning.slice(0, MAX_LENGTH)}...` : warning
  return `299 - "${short.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`
}
