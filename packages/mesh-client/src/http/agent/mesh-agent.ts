import { type ClientRequest, globalAgent as httpGlobalAgent, type Agent as NodeAgent } from 'node:http'
import { globalAgent as httpsGlobalAgent } from 'node:https'
import type { Duplex } from 'node:stream'
import { Agent, type AgentConnectOpts } from 'agent-base'
import type { Bridge } from './bridge.ts'

export type AgentProtocol = 'http:' | 'https:'

/** Where a host leads, as far as the agent has to know. */
export interface AgentRouting {
  /**
   * Whether requests to this origin are the mesh's to route; waits for the first policy as any other call.
   * @throws TypeError when the origin is no URL
   */
  isMesh(origin: string): boolean | Promise<boolean>
}

/**
 * A `node:http` agent for clients that do not know undici: axios, got, superagent, node-fetch. A request to a host of the
 * mesh goes over the {@link Bridge}; every other goes to the platform's own agent, untouched.
 *
 * It pools nothing: the connections to endpoints are the mesh's.
 */
export class MeshAgent extends Agent {
  readonly #bridge: Bridge
  readonly #routing: AgentRouting
  readonly #outside: NodeAgent

  constructor(protocol: AgentProtocol, bridge: Bridge, routing: AgentRouting) {
    super({ keepAlive: false })
    this.protocol = protocol
    this.#bridge = bridge
    this.#routing = routing
    this.#outside = protocol === 'https:' ? httpsGlobalAgent : httpGlobalAgent
  }

  override async connect(_request: ClientRequest, options: AgentConnectOpts): Promise<Duplex | NodeAgent> {
    const origin = originOf(this.protocol, options)
    const decided = this.#routing.isMesh(origin)
    if (typeof decided === 'boolean' ? decided : await decided) return this.#bridge.open(origin)
    return this.#outside
  }
}

function originOf(protocol: string, { host, port }: AgentConnectOpts): string {
  const name = host ?? 'localhost'
  const bracketed = name.includes(':') && !name.startsWith('[') ? `[${name}]` : name
  return new URL(`${protocol}//${bracketed}:${port}`).origin
}
