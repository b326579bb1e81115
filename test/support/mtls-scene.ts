import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server as NetServer } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { PeerAuthentication } from '@weft/mesh-protocol'
import type { InboundDeps } from '../../packages/mesh-client/src/http/inbound/inbound-deps.ts'
import type { MeshServer, ServeOptions } from '../../packages/mesh-client/src/http/inbound/mesh-server.ts'
import { peerOfRequest } from '../../packages/mesh-client/src/http/inbound/peer-of.ts'
import type { Identity } from '../../packages/mesh-client/src/identity/identity.ts'
import { type InboundHarness, inboundHarness } from './inbound.ts'
import { clientOptions, dialTls, mtlsPolicy } from './mesh-tls.ts'
import { poll } from './poll.ts'
import { createTestCa, type FakeIdentitySource, fakeIdentity } from './test-ca.ts'

export const ca = createTestCa()
export const web = (): Identity => ca.identity({ namespace: 'shop', serviceAccount: 'web' })
export const self = (): Identity => ca.identity({ serviceAccount: 'self' })
export const WEB = 'spiffe://cluster.local/ns/shop/sa/web'
export const XFCC = 'x-forwarded-client-cert'

const stops: (() => unknown)[] = []

/** For `afterEach`. */
export async function stopServing(): Promise<void> {
  for (const stop of stops.splice(0)) await stop()
}

/** A port that takes mutual TLS of a mesh with one authority. */
export interface Scene {
  readonly mtls?: PeerAuthentication | 'none'
  readonly identity?: FakeIdentitySource
  readonly serve?: ServeOptions
  readonly listener?: (request: IncomingMessage, response: ServerResponse) => void
  readonly deps?: Partial<InboundDeps>
}

export interface ServedScene extends InboundHarness {
  readonly identity: FakeIdentitySource
  readonly port: number
  readonly server: MeshServer<NetServer>
  /** What PeerAuthentication says from now on. */
  set(next: PeerAuthentication): void
}

/** Answers with what an application learns of its caller. */
export function tell(request: IncomingMessage, response: ServerResponse): void {
  const { headers, rawHeaders, headersDistinct } = request
  const raw = rawHeaders.flatMap((name, index) =>
    index % 2 === 0 && name.toLowerCase() === XFCC ? [rawHeaders[index + 1]] : [],
  )
  const distinct = (headersDistinct as typeof headersDistinct | undefined)?.[XFCC]
  const { encrypted } = request.socket as { encrypted?: boolean }
  const told = {
    peer: peerOfRequest(request),
    xfcc: headers[XFCC],
    raw,
    distinct,
    encrypted,
    version: request.httpVersion,
  }
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(told))
}

/** Serves, PERMISSIVE unless told otherwise. */
export async function serveScene({
  mtls = { mode: 'PERMISSIVE' },
  identity = fakeIdentity(self()),
  serve,
  listener = tell,
  deps,
}: Scene = {}): Promise<ServedScene> {
  const harness = inboundHarness({ identity, ...deps })
  stops.push(() => harness[Symbol.asyncDispose]())
  if (mtls !== 'none') harness.policy.set({ inbound: mtlsPolicy(mtls) })
  const server = await harness.inbound.serve(listener, { host: '127.0.0.1', ...serve })
  return {
    ...harness,
    identity,
    port: server.port,
    server,
    set: (next: PeerAuthentication) => harness.policy.set({ inbound: mtlsPolicy(next) }),
  }
}

export const secure = (port: number, who: Identity = web()): Promise<TLSSocket> => dialTls(port, clientOptions(who))
export const closes = (socket: { closed: boolean }): Promise<boolean> =>
  poll(() => socket.closed, 'the end of the connection', 3_000)
