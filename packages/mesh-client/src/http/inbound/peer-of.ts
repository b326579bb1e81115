import type { IncomingMessage } from 'node:http'
import { principalOf } from '@weft/mesh-protocol'
import type { VerifiedToken } from '../../inbound/exchange.ts'
import { type PeerIdentity, UNPROVEN } from '../../inbound/peer-identity.ts'
import type { Connection } from './connection.ts'
import { connectionOf, sessionOf } from './tracked.ts'
import { tokenOf } from './watched.ts'

/** A request as a framework wraps it: Fastify calls Node's own `raw`, Koa `req`. */
interface Wrapped {
  readonly raw?: unknown
  readonly req?: unknown
}

/**
 * Who has sent a request, or is at the other end of a socket, as far as that was proven: by mutual TLS, or a JWT. It can be asked
 * of requests of HTTP/1.1 and HTTP/2, of those of Express, Koa (`ctx` or `ctx.req`) and Fastify, and of the sockets of upgrades
 * and of protocol `tcp`. For anything else nothing is proven.
 */
export function peerOfRequest(of: unknown): PeerIdentity {
  if (!isObject(of)) return UNPROVEN
  const { raw, req } = of as Wrapped
  if (isObject(raw) && 'socket' in raw) return peerOfRequest(raw)
  if (isObject(req) && 'socket' in req) return peerOfRequest(req)
  const connection = connectionBehind(of)
  const token = tokenOf(of)
  if (connection?.secured === undefined && token === undefined) return UNPROVEN
  return { ...byCertificate(connection), ...byToken(token) }
}

type ByToken = Pick<PeerIdentity, 'requestPrincipal' | 'claims'>

function byCertificate(connection: Connection | undefined): Omit<PeerIdentity, keyof ByToken> {
  const peer = connection?.secured?.peer
  return {
    principal: peer === undefined ? undefined : principalOf(peer.uri),
    trustDomain: peer?.id.trustDomain,
    namespace: peer?.id.namespace,
    serviceAccount: peer?.id.serviceAccount,
  }
}

function byToken(token: VerifiedToken | undefined): ByToken {
  if (token === undefined) return { requestPrincipal: undefined, claims: undefined }
  const { issuer, subject, claims } = token
  return { requestPrincipal: `${issuer}/${subject}`, claims }
}

function connectionBehind(of: object): Connection | undefined {
  const session = sessionOf(of as IncomingMessage)
  if (session !== undefined) return connectionOf(session)
  const { socket } = of as { readonly socket?: unknown }
  return connectionOf(of) ?? (isObject(socket) ? connectionOf(socket) : undefined)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
