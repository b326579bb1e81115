import type { Dispatcher } from 'undici'
import { Agent } from '../undici.ts'

/** `useH2c` is missing in the types of undici 8 for agents, which hand it to their clients. */
const HTTP2_ONLY: object = { allowH2: true, useH2c: true }

/**
 * Speaks HTTP/2 with prior knowledge to hosts that the mesh knows nothing of, as gRPC needs. Made at the first call; connections
 * that nobody uses hold no process.
 */
export function outsideHttp2(): () => Dispatcher {
  let agent: Agent | undefined
  return () => {
    agent ??= new Agent(HTTP2_ONLY)
    return agent
  }
}
