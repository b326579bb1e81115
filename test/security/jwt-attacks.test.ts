import { createServer } from 'node:http'
import type { JwtRule } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { type GuardedServer, guardedServer } from '../support/guarded-server.ts'
import { inboundHarness, inboundPolicy } from '../support/inbound.ts'
import { issuerKey, jwksOf, secretToken, signedToken, unsignedToken } from '../support/jwt.ts'
import { poll } from '../support/poll.ts'
import { rawConnection } from '../support/raw-http.ts'

const ISSUER = 'https://issuer.example'
const rsa = issuerKey('rsa', 'RS256')
const ec = issuerKey('ec')
const stranger = issuerKey('ec')
const CLAIMS = { iss: ISSUER, sub: 'alice', aud: ['shop'], groups: ['admin'] }
const now = (): number => Math.floor(Date.now() / 1000)

const RULE: JwtRule = {
  issuer: ISSUER,
  audiences: ['shop'],
  jwks: jwksOf(rsa, ec),
  timeoutMs: 1_000,
  forwardOriginalToken: false,
}
const OPEN = { jwtRules: [RULE] }
/** Whoever has a token; the rest is denied. */
const CLOSED = {
  ...OPEN,
  authorization: { allow: [{ name: 'ns/p', rules: [{ jwtClaim: { path: ['sub'], value: { present: true } } }] }] },
} as const

async function ask(server: GuardedServer, token?: string): Promise<[number, string, string | null]> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const answer = await fetch(`${server.url}/x?secret=1`, { headers })
  return [answer.status, await answer.text(), answer.headers.get('www-authenticate')]
}

describe('a token that is not good is refused, and never counts as none', () => {
  const none = { alg: 'none' }
  const publicPem = rsa.publicKey.export({ type: 'spki', format: 'pem' })
  const good = signedToken(rsa, CLAIMS)
  const [head = '', payload = '', signature = ''] = good.split('.')
  const other = Buffer.from(JSON.stringify({ ...CLAIMS, sub: 'root' })).toString('base64url')
  test.each<[string, string, string]>([
    ['of a key that nobody knows', signedToken(stranger, CLAIMS), 'Jwt verification fails'],
    [
      'of a key with another name',
      signedToken(ec, CLAIMS, { alg: 'ES256', kid: 'x' }),
      "Jwks doesn't have key to match kid or alg from Jwt",
    ],
    ['without algorithm', unsignedToken(CLAIMS, none, 'AA'), 'Jwt header [alg] is not supported'],
    [
      'without algorithm, in another case',
      unsignedToken(CLAIMS, { alg: 'nOnE' }, 'AA'),
      'Jwt header [alg] is not supported',
    ],
    ['without signature', unsignedToken(CLAIMS, none), 'Jwt signature is an invalid Base64url encoded'],
    ['whose signature was cut off', `${head}.${payload}.`, 'Jwt signature is an invalid Base64url encoded'],
    [
      'signed with the public key as a secret',
      secretToken(publicPem, CLAIMS, { alg: 'HS256', kid: 'rsa' }),
      'Jwt header [alg] is not supported',
    ],
    [
      'signed with the key itself as a secret',
      secretToken(jwksOf(rsa), CLAIMS, { alg: 'HS256' }),
      'Jwt header [alg] is not supported',
    ],
    [
      'that calls an EC signature RSA',
      signedToken(ec, CLAIMS, { alg: 'RS256', kid: 'ec' }),
      "Jwks doesn't have key to match kid or alg from Jwt",
    ],
    [
      'that brings its own key',
      signedToken(stranger, CLAIMS, { alg: 'ES256', jwk: stranger.jwk }),
      'Jwt verification fails',
    ],
    [
      'that says where its key is',
      signedToken(stranger, CLAIMS, { alg: 'ES256', jku: 'http://127.0.0.1:1/' }),
      'Jwt verification fails',
    ],
    [
      'that asks for what is not understood',
      signedToken(ec, CLAIMS, { alg: 'ES256', kid: 'ec', crit: ['exp'] }),
      'Jwt verification fails',
    ],
    ['with another payload', `${head}.${other}.${signature}`, 'Jwt verification fails'],
    ['that has expired', signedToken(ec, { ...CLAIMS, exp: now() - 120 }), 'Jwt is expired'],
    ['that is not good yet', signedToken(ec, { ...CLAIMS, nbf: now() + 120 }), 'Jwt not yet valid'],
    [
      'whose end is a text',
      signedToken(ec, { ...CLAIMS, exp: '9999999999' }),
      'Jwt payload [exp] field is not a number',
    ],
    ['of another issuer', signedToken(ec, { ...CLAIMS, iss: `${ISSUER}/` }), 'Jwt issuer is not configured'],
    ['of no issuer', signedToken(ec, { sub: 'alice' }), 'Jwt issuer is not configured'],
    ['that is none', 'x', 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections'],
    ['of four parts', `${good}.x`, 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections'],
    ['with a broken header', `e30x.${payload}.${signature}`, 'Jwt header is an invalid JSON'],
    ['whose header is a list', `W10.${payload}.${signature}`, 'Jwt header is an invalid JSON'],
    [
      'with a sign that is none of base64url',
      `${head}.${payload}+.${signature}`,
      'Jwt payload is an invalid Base64url encoded',
    ],
  ])('%s', async (_, token, text) => {
    await using server = await guardedServer(OPEN)
    const [status, body, challenge] = await ask(server, token)
    expect([status, body]).toEqual([401, text])
    expect(challenge).toBe(`Bearer realm="${server.url}/x", error="invalid_token"`)
    expect(server.seen).toEqual([])
    await poll(() => server.harness.audited.length === 1, 'the entry')
    expect(server.harness.audited[0]).toMatchObject({
      decision: 'unauthenticated',
      reason: text,
      status: 401,
      path: '/x',
    })
  })

  test('for another audience: it is good, and not enough', async () => {
    await using server = await guardedServer(OPEN)
    expect((await ask(server, signedToken(ec, { ...CLAIMS, aud: 'bank' }))).slice(0, 2)).toEqual([
      403,
      'Audiences in Jwt are not allowed',
    ])
    expect((await ask(server, signedToken(ec, { ...CLAIMS, aud: undefined })))[0]).toBe(403)
    expect((await ask(server, signedToken(ec, { ...CLAIMS, aud: 'https://shop/' })))[0]).toBe(200)
  })

  test('longer than anybody needs', async () => {
    await using server = await guardedServer(OPEN)
    const server2 = signedToken(ec, { ...CLAIMS, pad: 'x'.repeat(13_000) })
    const { status, body } = await rawAsk(server, server2)
    // Node's own limit of a head comes first where it is smaller.
    expect([401, 431]).toContain(status)
    expect(body).not.toContain('served')
  })
})

async function rawAsk(server: GuardedServer, token: string): Promise<{ status: number; body: string }> {
  const body = await server.raw(`GET /?access_token=${token} HTTP/1.1`, 'Host: a')
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(body)?.[1]), body }
}

describe('a good token', () => {
  test.each([
    ['RSA', signedToken(rsa, CLAIMS)],
    ['EC', signedToken(ec, CLAIMS)],
    ['one that names no key', signedToken(ec, CLAIMS, { alg: 'ES256' })],
    ['within the leeway of its end', signedToken(ec, { ...CLAIMS, exp: now() - 30 })],
    ['within the leeway of its begin', signedToken(ec, { ...CLAIMS, nbf: now() + 30 })],
  ])('%s', async (_, token) => {
    await using server = await guardedServer(CLOSED)
    expect((await ask(server, token))[0]).toBe(200)
    // Once more, by what is known of it.
    expect((await ask(server, token))[0]).toBe(200)
    expect(
      server.seen.map(({ headers, rawHeaders }) => [headers.authorization, rawHeaders.join().includes('Bearer')]),
    ).toEqual([
      [undefined, false],
      [undefined, false],
    ])
  })

  test('none at all is for the authorization to judge', async () => {
    await using open = await guardedServer(OPEN)
    expect((await ask(open))[0]).toBe(200)
    await using closed = await guardedServer(CLOSED)
    expect((await ask(closed)).slice(0, 2)).toEqual([403, 'RBAC: access denied'])
  })

  test('what it says in headers cannot be said by the caller', async () => {
    const rule: JwtRule = {
      ...RULE,
      forwardOriginalToken: true,
      outputPayloadToHeader: 'X-Payload',
      outputClaimToHeaders: [
        { header: 'X-Sub', claim: 'sub' },
        { header: 'x-deep', claim: 'a.b' },
        { header: 'x-missing', claim: 'missing' },
        { header: 'x-line', claim: 'line' },
      ],
    }
    await using server = await guardedServer({ jwtRules: [rule] })
    const claims = { ...CLAIMS, a: { b: 7 }, line: 'a\r\nx-evil: 1' }
    const token = signedToken(ec, claims)
    const forged = ['X-Sub: root', 'x-sub: root', 'X-Payload: e30', 'x-missing: root', 'x-line: 1']
    await server.raw('GET / HTTP/1.1', 'Host: a', ...forged)
    await server.raw('GET / HTTP/1.1', 'Host: a', ...forged, `Authorization: Bearer ${token}`)
    const seen = server.seen.map(({ headers }) => headers)
    expect(seen[0]).not.toHaveProperty('x-sub')
    expect(seen[0]).not.toHaveProperty('x-payload')
    expect(seen[1]).toMatchObject({
      'x-sub': 'alice',
      'x-deep': '7',
      'x-payload': token.split('.')[1],
      authorization: `Bearer ${token}`,
    })
    expect(seen[1]).not.toHaveProperty('x-missing')
    expect(seen[1]).not.toHaveProperty('x-line')
    expect(server.seen[1]?.rawHeaders.join()).not.toContain('root')
  })
})

describe('places', () => {
  const token = signedToken(ec, CLAIMS)
  const bad = signedToken(stranger, CLAIMS)
  const places: JwtRule = {
    ...RULE,
    fromHeaders: [{ name: 'x-jwt' }, { name: 'x-auth', prefix: 'Token ' }],
    fromParams: ['jwt'],
    fromCookies: ['session'],
  }

  test.each<[string, string[], number, string | undefined]>([
    ['/x', [`x-jwt: ${token}`], 200, '/x'],
    ['/x', [`X-Auth: Token ${token}`], 200, '/x'],
    ['/x', [`X-Auth: ${token}`], 403, undefined],
    [`/x?a=1&jwt=${token}&b=2`, [], 200, '/x?a=1&b=2'],
    [`/x?jwt=${token}`, [], 200, '/x'],
    ['/x', [`Cookie: a=1; session=${token}; b=2`], 200, '/x'],
    ['/x', [`Authorization: Bearer ${token}`], 403, undefined],
    ['/x', [`x-jwt: ${token}`, `x-jwt: ${bad}`], 401, undefined],
    [`/x?jwt=${bad}`, [`x-jwt: ${token}`], 401, undefined],
    [`/x?jwt=${token}&jwt=${bad}`, [], 401, undefined],
  ])('%.12s %j', async (path, headers, status, seen) => {
    await using server = await guardedServer({ ...CLOSED, jwtRules: [places] })
    const answer = await server.raw(`GET ${path} HTTP/1.1`, 'Host: a', ...headers)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(server.seen[0]?.url).toBe(seen)
    if (seen !== undefined) expect(JSON.stringify(server.seen[0]?.rawHeaders)).not.toContain(token)
    if (headers[0]?.startsWith('Cookie') === true) expect(server.seen[0]?.headers.cookie).toBe('a=1; b=2')
  })

  test('by default the bearer token, and the parameter access_token; a bad one at either place counts', async () => {
    await using server = await guardedServer(CLOSED)
    expect(await server.raw(`GET /?access_token=${token} HTTP/1.1`, 'Host: a')).toMatch(/^HTTP\/1\.1 200 /)
    const both = [`Authorization: Bearer ${token}`]
    expect(await server.raw(`GET /?access_token=${bad} HTTP/1.1`, 'Host: a', ...both)).toMatch(/^HTTP\/1\.1 401 /)
    expect(await server.raw('GET / HTTP/1.1', 'Host: a', ...both, `Authorization: Bearer ${bad}`)).toMatch(
      /^HTTP\/1\.1 401 /,
    )
    expect(await server.raw('GET / HTTP/1.1', 'Host: a', 'Authorization: Basic YTpi')).toMatch(/^HTTP\/1\.1 403 /)
  })
})

test('of several rules one is enough, and tokens of the others are judged by theirs', async () => {
  const second: JwtRule = { ...RULE, issuer: 'b', jwks: jwksOf(stranger), fromHeaders: [{ name: 'x-b' }] }
  await using server = await guardedServer({ jwtRules: [RULE, second] })
  const a = signedToken(ec, CLAIMS)
  const b = signedToken(stranger, { ...CLAIMS, iss: 'b' })
  const send = (...lines: string[]) => server.raw('GET / HTTP/1.1', 'Host: a', ...lines)
  expect(await send(`x-b: ${b}`)).toMatch(/^HTTP\/1\.1 200 /)
  expect(await send(`Authorization: Bearer ${b}`)).toMatch(/^HTTP\/1\.1 401 (?:.*\r\n)+Jwt issuer is not configured$/)
  expect(await send(`Authorization: Bearer ${a}`, `x-b: ${a}`)).toMatch(/^HTTP\/1\.1 200 /)
  expect(await send(`x-b: ${a}`)).toMatch(/^HTTP\/1\.1 401 /)
})

test('a browser asks before it sends a token: that question is not asked for one', async () => {
  await using server = await guardedServer(CLOSED)
  const preflight = ['Origin: https://a', 'Access-Control-Request-Method: PUT', 'Authorization: Bearer x']
  expect(await server.raw('OPTIONS / HTTP/1.1', 'Host: a', ...preflight)).toMatch(/^HTTP\/1\.1 403 /)
  await using open = await guardedServer(OPEN)
  expect(await open.raw('OPTIONS / HTTP/1.1', 'Host: a', ...preflight)).toMatch(/^HTTP\/1\.1 200 /)
  expect(await open.raw('OPTIONS / HTTP/1.1', 'Host: a', 'Authorization: Bearer x')).toMatch(/^HTTP\/1\.1 401 /)
})

test('to a gRPC caller it is a status, and an upgrade is refused alike', async () => {
  await using server = await guardedServer(OPEN)
  const answer = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/grpc', authorization: 'Bearer x' },
  })
  expect([answer.status, answer.headers.get('grpc-status')]).toEqual([200, '16'])
  expect(answer.headers.get('www-authenticate')).toContain('invalid_token')
  const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Authorization: Bearer x']
  expect(await server.raw('GET / HTTP/1.1', 'Host: a', ...upgrade)).toMatch(/^HTTP\/1\.1 401 /)
})

test('an upgrade with a good token reaches the application, with what was sent behind it', async () => {
  await using harness = inboundHarness()
  harness.policy.set({ inbound: { ...inboundPolicy([]), ...CLOSED } })
  const server = createServer().on('upgrade', (request, socket, head) => {
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n\r\n${request.headers.authorization ?? 'hidden'}:${head}`)
    socket.on('data', (chunk) => socket.end(chunk))
  })
  const { port } = await harness.inbound.serve(server, { host: '127.0.0.1' })
  const lines = ['GET /chat HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: x']
  const token = `Authorization: Bearer ${signedToken(ec, CLAIMS)}`
  const connection = await rawConnection(port, `${[...lines, token].join('\r\n')}\r\n\r\nfirst`)
  await connection.until('hidden:first')
  connection.socket.write('more')
  await connection.until('firstmore')
})
