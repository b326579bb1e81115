import type { Dispatcher } from 'undici'
import { type CreateAgent, createAgents } from '../agent/create-agents.ts'
import { MeshDispatcher } from './dispatcher.ts'
import { Environment, type OutboundDeps } from './environment.ts'
import { createFetch, type Fetch } from './fetch.ts'
import { createRequest, type MeshRequest } from './request.ts'

/** The outbound side of HTTP: every way to make a call. */
export interface Outbound {
  readonly dispatcher: Dispatcher
  readonly fetch: Fetch
  readonly request: MeshRequest
  readonly agent: CreateAgent
  /** Calls under way. */
  readonly active: number
  /** No call starts any more (`WEFT_CLOSED`); resolves when those under way have ended and all connections are closed. */
  close(): Promise<void>
  /** As `close`, and cuts off what is still under way. */
  destroy(error: Error): Promise<void>
}

export function createOutbound(deps: OutboundDeps): Outbound {
  const env = new Environment(deps)
  const dispatcher = new MeshDispatcher(env)
  const stop = (): void => {
    env.closed = true
    env.waiting.close()
  }
  return {
    dispatcher,
    fetch: createFetch(dispatcher, env),
    request: createRequest(dispatcher),
    agent: createAgents(dispatcher, env),
    get active() {
      return env.active
    },
    async close() {
      stop()
      await env.idle()
      await Promise.all([deps.transport.close(), env.passthrough.close()])
    },
    async destroy(error) {
      stop()
      env.destroyed = true
      await Promise.all([deps.transport.destroy(error), env.passthrough.destroy(error)])
    },
  }
}
