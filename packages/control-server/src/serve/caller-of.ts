import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Caller } from '../auth/caller.ts'

const CALLER = Symbol('caller')

interface WithCaller {
  [CALLER]?: Caller
}

/** Makes room for the caller in requests, so that setting it does not change their shape. */
export function decorateWithCaller(app: FastifyInstance): void {
  app.decorateRequest(CALLER, undefined)
}

/** Noted once, by the hook that finds out who asks. */
export function noteCaller(request: FastifyRequest, caller: Caller): void {
  ;(request as WithCaller)[CALLER] = caller
}

/** Who makes the request, as far as anybody has asked. */
export function knownCallerOf(request: FastifyRequest): Caller | undefined {
  return (request as WithCaller)[CALLER]
}

/**
 * Who makes the request; anonymous where the server asks nobody and nothing was presented. Throws where nobody was asked
 * although somebody had to be: of a route that is open to all on a secure server there is no caller.
 */
export function callerOf(request: FastifyRequest): Caller {
  const caller = knownCallerOf(request)
  if (caller === undefined) throw new Error('nobody was asked who makes this request')
  return caller
}
