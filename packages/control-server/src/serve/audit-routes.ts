import type { FastifyInstance } from 'fastify'
import type { AuditLog, AuditQuery } from '../auth/audit-log.ts'
import { MAX_AUDIT_ENTRIES } from '../auth/audit-log.ts'
import type { Query } from './query.ts'
import { refusal } from './status.ts'

const DEFAULT_LIMIT = 100

/** `GET /v1/audit`: who changed what, newest first. */
export function auditRoutes(app: FastifyInstance, audit: AuditLog): void {
  app.get<{ Querystring: Query }>('/v1/audit', async ({ query }) => ({ entries: await audit.list(readQuery(query)) }))
}

/** `resource` is a kind, or a kind and a name: `VirtualService/reviews`. */
function readQuery(query: Query): AuditQuery {
  const [kind, name] = (textOf(query, 'resource') ?? '').split('/', 2)
  const namespace = textOf(query, 'namespace')
  const principal = textOf(query, 'principal')
  return {
    ...(kind === undefined || kind === '' ? {} : { kind }),
    ...(name === undefined || name === '' ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(principal === undefined ? {} : { principal }),
    limit: limitOf(query),
  }
}

function textOf(query: Query, name: string): string | undefined {
  const value = query[name]
  if (value === undefined || value === '') return undefined
  if (typeof value === 'string') return value
  throw refusal(400, 'The query is refused', [{ field: name, message: 'must be given once' }])
}

function limitOf({ limit }: Query): number {
  if (limit === undefined || limit === '') return DEFAULT_LIMIT
  const asked = typeof limit === 'string' && /^\d{1,6}$/.test(limit) ? Number(limit) : 0
  if (asked >= 1 && asked <= MAX_AUDIT_ENTRIES) return asked
  throw refusal(400, 'The query is refused', [
    { field: 'limit', message: `must be a whole number from 1 to ${MAX_AUDIT_ENTRIES}` },
  ])
}
