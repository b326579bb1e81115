import type { IncomingMessage } from 'node:http'
import { principalOf } from '@weft/mesh-protocol'
import type { VerifiedToken } from '../../inbound/exchange.ts'
import { type PeerIdentity, UNPROVEN } from '../../inbound/peer-identity.ts'
import type { Connection } from './connection.ts'
import { connectionOf, sessionOf } from './tracked.ts'
import { tokenOf } from './watched.ts'
import { type StreamWatcher, watcherOf } from './watched-stream.ts'

/** A request as a framework wraps it: Fastify calls Node's own `raw`, Koa `req`. */
interface Wrapped {
  readonly raw?: unknown
  readonly req?: unknown
}

/** A call as grpc-js hands it to a handler, and what stands behind it: one object for each interceptor, then the stream. */
interface GrpcCall {
  readonly call?: unknown
  readonly nextCall?: unknown
  readonly stream?: unknown
}

/** More than anybody has interceptors. */
const LONGEST_CHAIN = 100

/**
 * Who has sent a request, or is at the other end of a socket, as far as that was proven: by mutual TLS, or a JWT. It can be asked
 * of requests of HTTP/1.1 and HTTP/2, of those of Express, Koa (`ctx` or `ctx.req`) and Fastify, of the calls of grpc-js, and of the
 * sockets of upgrades and of protocol `tcp`. For anything else nothing is proven.
 */
export function peerOfRequest(of: unknown): PeerIdentity {
  if (!isObject(of)) return UNPROVEN
  const { raw, req } = of as Wrapped
  if (isObject(raw) && 'socket' in raw) return peerOfRequest(raw)
  if (isObject(req) && 'socket' in req) return peerOfRequest(req)
  const call = callBehind(of)
  const connection = call?.over ?? connectionBehind(of)
  const token = call?.token ?? tokenOf(of)
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

/** What watches the stream of a call of grpc-js, of a handler or of an interceptor. */
function callBehind(of: object): StreamWatcher | undefined {
  let current: unknown = (of as GrpcCall).call ?? of
  for (let depth = 0; depth < LONGEST_CHAIN && isObject(current); depth++) {
    const { nextCall, stream } = current as GrpcCall
    if (isObject(stream)) return watcherOf(stream)
    current = nextCall
  }
  return undefined
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
