import type { Violation } from '@weft/mesh-protocol'
import type { ConfigResource } from '../config/resource.ts'
import type { WriteAction } from './next-resource.ts'
import { addressText, type ResourceAddress } from './resource-address.ts'

/** One resource of a write that was done, or that would be. */
export interface Written {
  readonly action: WriteAction | 'deleted'
  readonly resource: ConfigResource
}

export interface Commit {
  /** The revision after it; that of now for a dry run. */
  readonly revision: number
  readonly written: readonly Written[]
  readonly warnings: readonly string[]
  /** Hosts whose callers feel it. */
  readonly hosts: ReadonlySet<string>
}

/** Why nothing was written. */
export type Refusal =
  | { readonly reason: 'Invalid'; readonly violations: readonly Violation[] }
  | { readonly reason: 'NotFound' | 'AlreadyExists' | 'Conflict' | 'Forbidden'; readonly message: string }

/** `create` refuses what exists, `replace` makes what does not, `update` refuses what does not exist. */
export type WriteMode = 'create' | 'replace' | 'update'

/** Whether a resource may be written over what is there. Without a `resourceVersion` it may be over anything. */
export function precondition(
  address: ResourceAddress,
  given: ConfigResource,
  existing: ConfigResource | undefined,
  mode: WriteMode,
): Refusal | undefined {
  const { resourceVersion, uid } = given.metadata
  if (existing === undefined) {
    if (mode === 'update') return notFound(address)
    return mode === 'replace' && resourceVersion !== undefined ? conflict(address, undefined) : undefined
  }
  if (mode === 'create') {
    return { reason: 'AlreadyExists', message: `${addressText(address)} already exists: PUT or PATCH it instead.` }
  }
  const isStale = resourceVersion !== undefined && resourceVersion !== existing.metadata.resourceVersion
  const isAnother = uid !== undefined && uid !== existing.metadata.uid
  return isStale || (isAnother && resourceVersion !== undefined)
    ? conflict(address, existing.metadata.resourceVersion)
    : undefined
}

export function notFound(address: ResourceAddress): Refusal {
  return { reason: 'NotFound', message: `${addressText(address)} does not exist.` }
}

/** @param stored the version that is there; `undefined`: nothing is */
export function conflict(address: ResourceAddress, stored: string | undefined): Refusal {
  const now = stored === undefined ? 'it does not exist any more' : `it is at resourceVersion ${stored} now`
  return {
    reason: 'Conflict',
    message: `${addressText(address)} was changed by somebody else: ${now}. Read it again, or leave resourceVersion out to overwrite.`,
  }
}
