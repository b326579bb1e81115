import type { FastifyRequest } from 'fastify'
import { isObject } from '../kernel/json-value.ts'
import type { DeletePreconditions } from '../registry/resources.ts'
import { oneDocument } from './documents.ts'
import { refusal } from './status.ts'

/** What the server acts on of Kubernetes' `metav1.DeleteOptions`. */
export interface DeleteOptions extends DeletePreconditions {
  readonly dryRun: boolean
}

/**
 * Reads the body that Kubernetes clients send along with DELETE. A condition that cannot be read is refused, as without it
 * more would be deleted than was meant.
 */
export function deleteOptions(request: FastifyRequest): DeleteOptions {
  if (request.body === undefined || request.body === null) return { dryRun: false }
  const { dryRun, preconditions } = oneDocument(request)
  const isAll = Array.isArray(dryRun) && dryRun.every((stage) => stage === 'All')
  if (dryRun !== undefined && !isAll) throw unusable('dryRun', 'must be ["All"], or absent')
  if (preconditions !== undefined && !isObject(preconditions)) throw unusable('preconditions', 'must be an object')
  const { uid, resourceVersion } = preconditions ?? {}
  return {
    dryRun: isAll && dryRun.length > 0,
    ...textOf('uid', uid),
    ...textOf('resourceVersion', resourceVersion),
  }
}

function textOf<Name extends keyof DeletePreconditions>(name: Name, value: unknown): DeletePreconditions {
  if (value === undefined) return {}
  if (typeof value === 'string') return { [name]: value }
  throw unusable(`preconditions.${name}`, 'must be a string')
}

const unusable = (field: string, message: string): Error =>
  refusal(400, 'The options of the deletion are refused', [{ field, message }])
