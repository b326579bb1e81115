import type { FastifyRequest } from 'fastify'
import type { AuditLog } from '../auth/audit-log.ts'
import { authorize } from '../auth/authorize.ts'
import { principalNameOf } from '../auth/caller.ts'
import type { Writer } from '../registry/writer.ts'
import { callerOf } from './caller-of.ts'

/** On whose behalf a request writes. */
export type WriterOf = (request: FastifyRequest) => Writer

export function createWriterOf(audit: AuditLog): WriterOf {
  return (request) => {
    const caller = callerOf(request)
    const principal = principalNameOf(caller)
    return {
      refuse: (namespace) => authorize(caller, { kind: 'write-to', namespace })?.message,
      record: (changes) =>
        audit.operations(
          changes.map(({ verb, kind, namespace, name, before, after }) => {
            return { principal, verb, resource: { kind, namespace, name }, before, after }
          }),
        ),
    }
  }
}
