import https, { type AgentOptions } from 'node:https'

/**
 * How connections to a URL are secured: the same object for as long as nothing of it changes. Rejects where the server cannot be
 * trusted.
 */
export type ControlTls = (url: URL) => Promise<Pick<AgentOptions, (typeof TLS_OPTIONS)[number]>>

const TLS_OPTIONS = [
  'ca',
  'allowPartialTrustChain',
  'cert',
  'key',
  'checkServerIdentity',
  'minVersion',
  'maxCachedSessions',
] as const

/** The connections to control servers over TLS. */
export interface SecureAgents {
  /** The agent whose connections have what is right at this moment, and whether they show a certificate of this process. */
  agentFor(url: URL): Promise<{ readonly agent: https.Agent; readonly hasCertificate: boolean }>
  destroy(): void
}

/**
 * Connections that are made after a change of identity or trust have the new one. Those that are in use stay until they are done with,
 * and are not used again.
 */
export function createSecureAgents(tls: ControlTls = async () => NOTHING_SPECIAL): SecureAgents {
  const retired = new Set<https.Agent>()
  let current: { readonly made: object; readonly agent: https.Agent } | undefined
  let destroyed = false

  const retire = (agent: https.Agent): void => {
    agent.maxFreeSockets = 0
    for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
    for (const each of retired) if (Object.keys(each.sockets).length === 0) retired.delete(each)
    retired.add(agent)
  }
  return {
    async agentFor(url) {
      const options = await tls(url)
      if (destroyed) throw new Error('the mesh is closed')
      if (current?.made !== options) {
        if (current !== undefined) retire(current.agent)
        current = { made: options, agent: new https.Agent({ ...options, keepAlive: true }) }
      }
      return { agent: current.agent, hasCertificate: options.cert !== undefined }
    },
    destroy() {
      destroyed = true
      for (const agent of retired) agent.destroy()
      current?.agent.destroy()
    },
  }
}

const NOTHING_SPECIAL = {}
