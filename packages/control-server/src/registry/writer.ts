import type { ConfigResource } from '../config/resource.ts'
import type { Operation } from '../store/store.ts'

/** A change of a resource, as whoever keeps account of changes is told. */
export interface ResourceChange {
  readonly verb: 'create' | 'update' | 'delete'
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly before: unknown
  readonly after: unknown
}

/** On whose behalf resources are written. */
export interface Writer {
  /** Why it may not write there, in a sentence; `undefined`: it may. */
  refuse(namespace: string): string | undefined
  /** Why it may not write this, there or at all; `undefined`: it may. */
  refuseResource(resource: ConfigResource): string | undefined
  /** What goes into the commit of these changes, so that nobody changes anything without it being known. */
  record(changes: readonly ResourceChange[]): readonly Operation[]
}
