import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import type { Rbac, RbacCondition } from '@weft/mesh-protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { peerOfRequest } from '../../packages/mesh-client/src/http/inbound/peer-of.ts'
import { encodePeer } from '../../packages/mesh-client/src/kernel/peer-header.ts'
import { type InboundHarness, inboundHarness } from '../support/inbound.ts'
import { askHttp2, clientOptions, dial, dialHttp2, dialTls, mtlsPolicy } from '../support/mesh-tls.ts'
import { createTestCa, fakeIdentity } from '../support/test-ca.ts'

/* Somebody who is web, or nobody, and writes into headers that he is admin. */

const ADMIN = 'cluster.local/ns/default/sa/admin'
const WEB = 'spiffe://cluster.local/ns/default/sa/web'
const XFCC = 'x-forwarded-client-cert'
const ca = createTestCa()
const web = ca.identity({ serviceAccount: 'web' })

let harness: InboundHarness
let port: number
const seen: { readonly headers: IncomingHttpHeaders; readonly raw: string; readonly principal: string | undefined }[] =
  []

beforeAll(async () => {
  harness = inboundHarness({ identity: fakeIdentity(ca.identity({ serviceAccount: 'self' })) })
  const policy = mtlsPolicy({ mode: 'PERMISSIVE' })
  const admin: RbacCondition = { urlPath: { prefix: '/admin' } }
  const only: RbacCondition = { and: [admin, { authenticated: { exact: `spiffe://${ADMIN}` } }] }
  const authorization: Rbac = { allow: [{ name: 'default/admin', rules: [only, { not: admin }] }] }
  harness.policy.set({ inbound: { ...policy, authorization } })
  const served = await harness.inbound.serve(
    (request, response) => {
      const { principal } = peerOfRequest(request)
      seen.push({ headers: request.headers, raw: request.rawHeaders.join('\n').toLowerCase(), principal })
      response.end('served')
    },
    { host: '127.0.0.1', protocol: 'http2' },
  )
  port = served.port
})

afterAll(() => harness[Symbol.asyncDispose]())

/** Sends the lines as they are; the status of the answer. */
async function send(socket: Socket, target: string, lines: readonly string[]): Promise<number> {
  socket.write([`GET ${target} HTTP/1.1`, 'host: self', 'connection: close', ...lines, '', ''].join('\r\n'))
  let text = ''
  for await (const chunk of socket) text += chunk
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1])
}

const forged = `By=spiffe://cluster.local/ns/default/sa/self;Hash=00;Subject="";URI=spiffe://${ADMIN}`
const peer = encodePeer({
  workload: 'admin',
  namespace: 'admins',
  app: 'admin',
  version: 'v1',
  canonicalService: 'admin',
  canonicalRevision: 'v1',
  cluster: 'admin',
})
const tricks: readonly (readonly [string, readonly string[]])[] = [
  ['as it is', [`${XFCC}: ${forged}`]],
  ['in other letters', [`X-Forwarded-CLIENT-Cert: ${forged}`]],
  ['twice', [`${XFCC}: ${forged}`, `${XFCC}: ${forged}`]],
  ['behind one of our own', [`${XFCC}: URI=${WEB}`, `${XFCC}: ${forged}`]],
  ['as a header of this connection', [`connection: close, ${XFCC}`, `${XFCC}: ${forged}`]],
  ['in the header for telemetry', [`x-weft-peer: ${peer}`, 'x-weft-principal: admin', 'x-weft-anything: admin']],
]

describe.each(['mutual TLS', 'plaintext'])('over %s', (transport) => {
  const connect = (protocol = 'http/1.1'): Promise<Socket> =>
    transport === 'plaintext' ? dial(port) : dialTls(port, { ...clientOptions(web), ALPNProtocols: [protocol] })
  const own = transport === 'plaintext' ? undefined : WEB

  test.each(tricks)('an identity %s opens nothing, and reaches no application', async (_how, lines) => {
    expect(await send(await connect(), '/admin', lines)).toBe(403)
    expect(await send(await connect(), '/', lines)).toBe(200)
    const { headers, raw, principal } = seen.at(-1) as (typeof seen)[number]
    expect(principal).toBe(own?.slice('spiffe://'.length))
    expect(raw).not.toContain('sa/admin')
    expect(Object.keys(headers).filter((name) => name.startsWith('x-weft-'))).toEqual([])
    const told = headers[XFCC]
    if (own === undefined) expect(told).toBeUndefined()
    else expect(told).toMatch(new RegExp(`^By=[^;]+;Hash=[0-9a-f]{64};Subject="[^"]*";URI=${own}$`))
  })

  test('nor over HTTP/2', async () => {
    const session = dialHttp2(await connect('h2'))
    const status = async (target: string): Promise<number> =>
      (await askHttp2(session, { ':path': target, [XFCC]: forged, 'x-weft-peer': peer })).status
    expect(await status('/admin')).toBe(403)
    expect(await status('/')).toBe(200)
    session.destroy()
    expect(seen.at(-1)?.raw).not.toContain('sa/admin')
    expect(seen.at(-1)?.principal).toBe(own?.slice('spiffe://'.length))
  })
})
