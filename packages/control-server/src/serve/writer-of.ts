import type { FastifyRequest } from 'fastify'
import type { AuditLog } from '../auth/audit-log.ts'
import { authorize } from '../auth/authorize.ts'
import { type Caller, principalNameOf } from '../auth/caller.ts'
import type { Writer } from '../registry/writer.ts'
import { callerOf } from './caller-of.ts'
import { foreignReach, type ReachContext } from './foreign-reach.ts'

/** On whose behalf a request writes. */
export type WriterOf = (request: FastifyRequest) => Writer

export function createWriterOf(audit: AuditLog, reach: () => ReachContext): WriterOf {
  return (request) => {
    const caller = callerOf(request)
    const principal = principalNameOf(caller)
    const namespaces = namespacesOf(caller)
    const refuse: Writer['refuse'] = (namespace) => authorize(caller, { kind: 'write-to', namespace })?.message
    return {
      refuse,
      refuseResource: (resource) =>
        refuse(resource.metadata.namespace) ?? (namespaces && foreignReach(resource, namespaces, reach())),
      record: (changes) =>
        audit.operations(
          changes.map(({ verb, kind, namespace, name, before, after }) => {
            return { principal, verb, resource: { kind, namespace, name }, before, after }
          }),
        ),
    }
  }
}

/** Where alone it may write; `undefined`: it is not limited so. */
function namespacesOf(caller: Caller): readonly string[] | undefined {
  if (caller.kind === 'api') return caller.namespaces
  return caller.kind === 'workload' ? caller.grant?.namespaces : undefined
}
