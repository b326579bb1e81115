import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:http2'
import type { Rbac, RbacCondition } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { guardedServer } from '../support/guarded-server.ts'
import { inboundHarness, inboundPolicy } from '../support/inbound.ts'
import { poll } from '../support/poll.ts'
import { rawConnection } from '../support/raw-http.ts'

const NOTHING: Rbac = { allow: [{ name: 'ns/nothing', rules: [] }] }
const only = (condition: RbacCondition): Rbac => ({ allow: [{ name: 'ns/only', rules: [condition] }] })

test('a denial is an answer, counted and written down', async () => {
  await using server = await guardedServer({ authorization: { deny: [{ name: 'ns/no', rules: [{ any: true }] }] } })
  const answer = await fetch(`${server.url}/secret?token=x`, { method: 'POST', body: 'x'.repeat(100_000) })
  expect([answer.status, await answer.text()]).toEqual([403, 'RBAC: access denied'])
  expect(answer.headers.get('content-type')).toBe('text/plain')
  expect(server.seen).toEqual([])
  await poll(() => server.harness.audited.length === 1, 'the entry')
  expect(server.harness.calls.map(({ status, flags }) => [status, flags])).toEqual([[403, '-']])
  expect(server.harness.audited[0]).toMatchObject({
    decision: 'denied',
    policy: 'ns/no',
    protocol: 'http',
    method: 'POST',
    host: '127.0.0.1',
    path: '/secret',
    status: 403,
    remoteAddress: '127.0.0.1',
    port: 80,
  })
})

test('to a gRPC caller it is a status', async () => {
  await using server = await guardedServer({ authorization: NOTHING }, { protocol: 'http2' })
  const session = connect(server.url)
  const stream = session.request({ ':method': 'POST', ':path': '/a.B/C', 'content-type': 'application/grpc' })
  const [headers] = await once(stream, 'response')
  expect([headers[':status'], headers['grpc-status'], headers['grpc-message']]).toEqual([
    200,
    '7',
    'RBAC: access denied',
  ])
  session.destroy()
})

describe('tunnels', () => {
  const UPGRADE = ['Connection: Upgrade', 'Upgrade: websocket', '', '']

  test.each([
    ['an upgrade', 'GET /chat HTTP/1.1', 'upgrade'],
    ['a CONNECT', 'CONNECT b:443 HTTP/1.1', 'connect'],
  ])('%s that is denied never reaches the application', async (_, line, event) => {
    await using harness = inboundHarness()
    harness.policy.set({ inbound: { ...inboundPolicy([]), authorization: NOTHING } })
    let reached = false
    const server = createServer((_request, response) => response.end()).on(event, (_request, socket) => {
      reached = true
      socket.end()
    })
    const { port } = await harness.inbound.serve(server, { host: '127.0.0.1' })
    const connection = await rawConnection(port, [line, 'Host: a', ...UPGRADE].join('\r\n'))
    expect(await connection.closed).toBe('end')
    expect(connection.text).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n(?:.*\r\n)+\r\nRBAC: access denied$/)
    expect(reached).toBe(false)
    await poll(() => harness.calls.length === 1, 'the call')
    expect(harness.calls[0]?.status).toBe(403)
  })

  test('a CONNECT over HTTP/2 that is denied never reaches the application', async () => {
    await using harness = inboundHarness()
    harness.policy.set({ inbound: { ...inboundPolicy([]), authorization: NOTHING } })
    let reached = false
    const server = createServer((_request, response) => response.end()).on('connect', () => {
      reached = true
    })
    const { url } = await harness.inbound.serve(server, { host: '127.0.0.1', protocol: 'http2' })
    const session = connect(url)
    const stream = session.request({ ':method': 'CONNECT', ':authority': 'b:443' })
    const [headers] = await once(stream, 'response')
    expect(headers[':status']).toBe(403)
    expect(reached).toBe(false)
    session.destroy()
  })

  test('a CONNECT has no path: no condition on it holds', async () => {
    await using harness = inboundHarness()
    harness.policy.set({ inbound: { ...inboundPolicy([]), authorization: only({ urlPath: { prefix: 'b' } }) } })
    const server = createServer().on('connect', (_request, socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'))
    const { port } = await harness.inbound.serve(server, { host: '127.0.0.1' })
    const connection = await rawConnection(port, 'CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n')
    await connection.closed
    expect(connection.text).toMatch(/^HTTP\/1\.1 403 /)
  })
})

describe('headers', () => {
  const header = (name: string, exact: string): Rbac => only({ header: { name, value: { exact } } })

  test.each([
    ['one of two does not count alone', header('x-role', 'admin'), ['X-Role: admin', 'x-role: user'], 403],
    ['several count together', header('x-role', 'admin,user'), ['X-Role: admin', 'x-role: user'], 200],
    ['one that Node drops counts too', header('authorization', 'a'), ['Authorization: a', 'Authorization: b'], 403],
    ['names in any case', header('x-role', 'admin'), ['X-ROLE: admin'], 200],
    ['values in their case', header('x-role', 'admin'), ['x-role: Admin'], 403],
  ])('%s', async (_, authorization, lines, expected) => {
    await using server = await guardedServer({ authorization })
    expect(await server.raw('GET / HTTP/1.1', 'Host: a', ...lines)).toMatch(new RegExp(`^HTTP/1.1 ${expected} `))
  })

  test('nobody is believed about where he comes from, but for the proxies that are trusted', async () => {
    const authorization = only({ remoteIp: { addressPrefix: '10.0.0.0', prefixLen: 8 } })
    const forged = 'x-forwarded-for: 10.1.1.1'
    await using distrusting = await guardedServer({ authorization })
    expect(await distrusting.raw('GET / HTTP/1.1', 'Host: a', forged)).toMatch(/^HTTP\/1\.1 403 /)
    await using trusting = await guardedServer({ authorization, numTrustedProxies: 1 })
    expect(await trusting.raw('GET / HTTP/1.1', 'Host: a', forged)).toMatch(/^HTTP\/1\.1 200 /)
    expect(await trusting.raw('GET / HTTP/1.1', 'Host: a', `${forged}, 192.168.0.1`)).toMatch(/^HTTP\/1\.1 403 /)
  })

  test('the peer header proves nothing', async () => {
    const authorization = only({ authenticated: { present: true } })
    await using server = await guardedServer({ authorization })
    const forged = ['x-weft-peer: a', 'x-forwarded-client-cert: URI=spiffe://cluster.local/ns/a/sa/b']
    expect(await server.raw('GET / HTTP/1.1', 'Host: a', ...forged)).toMatch(/^HTTP\/1\.1 403 /)
  })
})

describe('the access log of decisions', () => {
  test('has what is marked, and by policy every request', async () => {
    const authorization: Rbac = { audit: [{ name: 'ns/mark', rules: [{ urlPath: { exact: '/marked' } }] }] }
    await using marking = await guardedServer({ authorization })
    for (const path of ['/marked', '/other']) await (await fetch(marking.url + path)).text()
    await poll(() => marking.harness.calls.length === 2, 'both requests')
    expect(marking.harness.audited.map(({ path, markedBy, decision }) => [path, markedBy, decision])).toEqual([
      ['/marked', 'ns/mark', 'allowed'],
    ])

    await using all = await guardedServer({ auditDecisions: 'ALL' })
    await (await fetch(`${all.url}/any`)).text()
    await poll(() => all.harness.audited.length === 1, 'the request')
    expect(all.harness.audited[0]).toMatchObject({ path: '/any', decision: 'allowed', status: 200, policy: undefined })
    expect(all.harness.audited[0]?.responseBytes).toBeGreaterThan(0)
  })
})

test('a policy that cannot be compiled is refused with its field', async () => {
  const { compileInboundRules } = await import('../../packages/mesh-client/src/inbound/inbound-rules.ts')
  const compiled = compileInboundRules({ ...inboundPolicy([]), authorization: only({ urlPath: { regex: '(' } }) })
  expect(compiled).toMatchObject({ ok: false, error: [{ field: 'authorization.allow[0].rules[0].urlPath.regex' }] })
})
