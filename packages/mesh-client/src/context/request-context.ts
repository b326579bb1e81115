import { AsyncLocalStorage } from 'node:async_hooks'
import type { BoundCalls } from './bound-calls.ts'

/** What follows an inbound request to the outbound calls that are made while it is served. */
export interface RequestContext {
  /**
   * The moment, on the mesh's clock, when the caller stops waiting; `undefined`: it does not say, or it has its answer.
   * What goes on in the background after the answer inherits this context too, and nobody waits for it.
   */
  deadline: number | undefined
  /** Headers to be set on outbound calls where the caller has not set them, lower-case name and value in turn. */
  readonly headers: readonly string[]
  /** The W3C baggage of the request; absent: none. What the application says of it on a call is added to it. */
  readonly baggage?: string | undefined
  /** Calls that end when the request's caller leaves; absent: calls go on. */
  readonly boundCalls?: BoundCalls | undefined
}

/** Of a request that carries nothing on. */
export const EMPTY_CONTEXT: Readonly<RequestContext> = Object.freeze({
  deadline: undefined,
  headers: [],
})

/** One store a mesh: two meshes in a process do not see each other's requests. */
export type ContextStore = AsyncLocalStorage<RequestContext>

export function createContextStore(): ContextStore {
  return new AsyncLocalStorage<RequestContext>()
}

/**
 * Runs work that goes on when the request is over: it keeps the request's headers, and neither its deadline nor the leaving of
 * its caller ends it.
 */
export function detach<T>(store: ContextStore, work: () => T): T {
  const context = store.getStore()
  if (context === undefined) return work()
  const { headers, baggage } = context
  return store.run({ deadline: undefined, headers, baggage }, work)
}
