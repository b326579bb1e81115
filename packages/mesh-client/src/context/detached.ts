import { AsyncLocalStorage } from 'node:async_hooks'

/** Runs an action and all that follows from it in the context in which this was made. */
export type Detached = <T>(action: () => T) => T

/**
 * Remembers the context of this moment: what the mesh does for itself (timers, its connection to the control server) must
 * not belong to the request that happens to cause it, nor keep that request's context alive.
 */
export function createDetached(): Detached {
  return AsyncLocalStorage.snapshot()
}
