import type { Dispatcher } from 'undici'
import type { EndpointState } from '../../cluster/types.ts'
import type { MutualTls } from '../../kernel/recorder.ts'
import { type CreateAgent, createAgents } from '../agent/create-agents.ts'
import { MeshDispatcher } from './dispatcher.ts'
import { Environment, type OutboundDeps } from './environment.ts'
import { createFetch, type Fetch } from './fetch.ts'
import type { OriginTarget } from './origins.ts'
import type { HeldCall } from './policy-wait.ts'
import { createRequest, type MeshRequest } from './request.ts'

/** The mesh's tables of where hosts lead. */
export interface Targets {
  /** @throws TypeError when the origin is no URL */
  resolve(origin: string): OriginTarget
  /** Calls back once it is known where a call leads, or the wait is over. */
  hold(call: HeldCall, now: number): void
  /** The address of this workload. */
  sourceAddress(): string
}

/** The controller that a handler of the dispatcher is given for a call into the mesh. */
export interface EngineController extends Dispatcher.DispatchController {
  /** Where the newest attempt went; `undefined` before the first and after the end. */
  readonly endpoint: EndpointState | undefined
  /** When a response starts: whether its head is all of it. */
  readonly headOnly: boolean
}

/** The outbound side of HTTP: every way to make a call. */
export interface Outbound {
  readonly dispatcher: Dispatcher
  readonly fetch: Fetch
  readonly request: MeshRequest
  readonly agent: CreateAgent
  /** Where hosts lead, for calls of other protocols. */
  readonly targets: Targets
  /** Who has proven to be an endpoint; `undefined`: nobody has. */
  proven(endpoint: EndpointState): MutualTls | undefined
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
    targets: {
      resolve: (origin) => env.origins.resolve(origin),
      hold: (call, now) => env.waiting.hold(call, now),
      sourceAddress: env.sourceAddress,
    },
    proven: (endpoint) => deps.transport.proven(endpoint),
    get active() {
      return env.active
    },
    async close() {
      stop()
      await env.idle()
      await env.mirrors.close()
      await Promise.all([deps.transport.close(), env.passthrough.close()])
    },
    async destroy(error) {
      stop()
      env.destroyed = true
      env.mirrors.destroy()
      for (const call of [...env.paused]) call.cut(error)
      await Promise.all([deps.transport.destroy(error), env.passthrough.destroy(error)])
    },
  }
}
