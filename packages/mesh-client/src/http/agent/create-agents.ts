import type { Agent } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Environment } from '../outbound/environment.ts'
import { Bridge } from './bridge.ts'
import { type AgentProtocol, type AgentRouting, MeshAgent } from './mesh-agent.ts'

export type CreateAgent = (protocol: AgentProtocol) => Agent

/** Makes the agents of a mesh, one a protocol. */
export function createAgents(dispatcher: Dispatcher, env: Environment): CreateAgent {
  const agents = new Map<AgentProtocol, MeshAgent>()
  let bridge: Bridge | undefined
  return (protocol) => {
    const known = agents.get(protocol)
    if (known !== undefined) return known
    if (protocol !== 'http:' && protocol !== 'https:') {
      throw new TypeError(`mesh.agent takes 'http:' or 'https:', not ${JSON.stringify(protocol)}`)
    }
    bridge ??= new Bridge(dispatcher, env.deps)
    const agent = new MeshAgent(protocol, bridge, routingOf(env))
    agents.set(protocol, agent)
    return agent
  }
}

function routingOf(env: Environment): AgentRouting {
  return {
    isMesh(origin) {
      const { kind } = env.origins.resolve(origin)
      if (kind !== 'undecided') return kind !== 'outside'
      return new Promise((resolve) => {
        const released = (target: { readonly kind: string }): void =>
          resolve(target.kind !== 'outside' && target.kind !== 'undecided')
        env.waiting.hold({ origin, over: false, released }, env.deps.clock.now())
      })
    },
  }
}
