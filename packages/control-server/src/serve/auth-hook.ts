import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Authenticator } from '../auth/authenticator.ts'
import { authorize } from '../auth/authorize.ts'
import type { Caller } from '../auth/caller.ts'
import type { PeerCertificate, RequestFacts } from '../auth/facts.ts'
import type { AuthRefusal } from '../auth/refusal.ts'
import { refuseWithHeaders } from './auth-refusals.ts'
import { actionOf } from './auth-table.ts'
import { decorateWithCaller, noteCaller } from './caller-of.ts'
import { peerProblemOf } from './peer-of.ts'

export interface AuthHookParts {
  readonly authenticator: Authenticator
  /** What the connection's handshake has proven. */
  readonly peerOf: (socket: Socket) => PeerCertificate | undefined
}

const ANONYMOUS: Caller = { kind: 'anonymous' }

/** Asks everybody who he is and whether he may, before a byte of the body is read. Notes the caller for the routes. */
export function authorizeRequests(app: FastifyInstance, { authenticator, peerOf }: AuthHookParts): void {
  decorateWithCaller(app)
  const peerOfSocket = oncePerSocket(peerOf)
  app.addHook('onRequest', (request, reply, done) => {
    const action = actionOf(request)
    const facts = factsOf(request, peerOfSocket)
    if (authenticator.isAnonymous(facts)) {
      noteCaller(request, ANONYMOUS)
      const refused = action && authorize(ANONYMOUS, action)
      return refused === undefined ? done() : done(refuseWithHeaders(reply, refused, false))
    }
    if (action === undefined) return done()
    identify(request, reply, authenticator, facts).then((caller) => {
      const refused = authorize(caller, action)
      if (refused === undefined) done()
      else done(refuseWithHeaders(reply, refused, true))
    }, done)
  })
}

/** A handshake proves one thing, and taking a certificate apart costs more than the rest of a request. */
function oncePerSocket(peerOf: AuthHookParts['peerOf']): AuthHookParts['peerOf'] {
  const known = new WeakMap<Socket, PeerCertificate | undefined>()
  return (socket) => {
    if (!known.has(socket)) known.set(socket, peerOf(socket))
    return known.get(socket)
  }
}

async function identify(
  request: FastifyRequest,
  reply: FastifyReply,
  authenticator: Authenticator,
  facts: RequestFacts,
): Promise<Caller> {
  const result = await authenticator.authenticate(facts)
  if (!result.ok) {
    const refused = withPeerProblem(result.error, request, facts)
    throw refuseWithHeaders(reply, refused, facts.authorization !== undefined)
  }
  noteCaller(request, result.value)
  return result.value
}

/** Whoever shows a certificate in vain is not helped by hearing that he has shown nothing. */
function withPeerProblem(refusal: AuthRefusal, request: FastifyRequest, facts: RequestFacts): AuthRefusal {
  const isNobody = facts.authorization === undefined && facts.peer === undefined
  const problem = isNobody ? peerProblemOf(request.raw.socket) : undefined
  if (problem === undefined) return refusal
  return {
    ...refusal,
    message: `The certificate of this connection is not believed (${problem}): show one of the mesh that is good, or present a token.`,
  }
}

function factsOf(request: FastifyRequest, peerOf: AuthHookParts['peerOf']): RequestFacts {
  const { headers, raw } = request
  return {
    authorization: headers.authorization,
    remoteAddress: raw.socket.remoteAddress ?? '',
    peer: peerOf(raw.socket),
  }
}
