import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { JwtRule } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { createFetchText } from '../../packages/mesh-client/src/http/inbound/fetch-text.ts'
import { systemTimers } from '../../packages/mesh-client/src/kernel/timers.ts'
import { guardedServer } from '../support/guarded-server.ts'
import { issuerKey, jwksOf, signedToken } from '../support/jwt.ts'

const key = issuerKey('one')
const ISSUER = 'https://issuer.example'
const token = signedToken(key, { iss: ISSUER, sub: 'alice' })

interface Issuer extends AsyncDisposable {
  readonly url: string
  readonly asked: string[]
  answer: RequestListener
}

async function issuer(answer: RequestListener): Promise<Issuer> {
  const asked: string[] = []
  const made = { answer }
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    made.answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return Object.assign(made, {
    url: `http://127.0.0.1:${port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}

async function guarded(rule: Partial<JwtRule>) {
  const server = await guardedServer(
    { jwtRules: [{ timeoutMs: 300, forwardOriginalToken: false, ...rule }] },
    {},
    { fetchText: createFetchText(fetch, systemTimers) },
  )
  const ask = async (bearer = token): Promise<string> => {
    const answer = await fetch(server.url, { headers: { authorization: `Bearer ${bearer}` } })
    return `${answer.status} ${await answer.text()}`
  }
  return { ask, server, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

const FAILED = '401 Jwks remote fetch is failed'

describe('keys from elsewhere', () => {
  test('one fetch serves all requests, and a token costs one verification', async () => {
    await using keys = await issuer((_request, response) => response.end(jwksOf(key)))
    await using service = await guarded({ issuer: ISSUER, jwksUri: `${keys.url}/keys` })
    const answers = await Promise.all(Array.from({ length: 20 }, () => service.ask()))
    expect(new Set(answers)).toEqual(new Set(['200 served /']))
    expect(keys.asked).toEqual(['/keys'])
  })

  test('by discovery', async () => {
    await using keys = await issuer((request, response) =>
      response.end(
        request.url?.startsWith('/.well-known') === true
          ? JSON.stringify({ issuer: keys.url, jwks_uri: `${keys.url}/k` })
          : jwksOf(key),
      ),
    )
    await using service = await guarded({ issuer: keys.url })
    expect(await service.ask(signedToken(key, { iss: keys.url, sub: 'a' }))).toBe('200 served /')
    expect(keys.asked).toEqual(['/.well-known/openid-configuration', '/k'])
  })

  test('what is proven stays so while the issuer is down', async () => {
    await using keys = await issuer((_request, response) => response.end(jwksOf(key)))
    await using service = await guarded({ issuer: ISSUER, jwksUri: keys.url })
    expect(await service.ask()).toBe('200 served /')
    keys.answer = (request) => request.socket.destroy()
    expect(await service.ask()).toBe('200 served /')
    expect(await service.ask(signedToken(key, { iss: ISSUER, sub: 'bob' }))).toBe('200 served /')
  })

  test('forged names of keys cause no storm of fetches', async () => {
    await using keys = await issuer((_request, response) => response.end(jwksOf(key)))
    await using service = await guarded({ issuer: ISSUER, jwksUri: keys.url })
    for (let index = 0; index < 10; index++) {
      const forged = signedToken(key, { iss: ISSUER }, { alg: 'ES256', kid: `forged-${index}` })
      expect(await service.ask(forged)).toBe("401 Jwks doesn't have key to match kid or alg from Jwt")
    }
    expect(keys.asked).toHaveLength(1)
  })

  test.each<[string, RequestListener]>([
    ['is silent', () => undefined],
    ['fails', (_request, response) => response.writeHead(500).end()],
    ['hangs up', (request) => request.socket.destroy()],
    ['never comes to an end', (_request, response) => void response.write('{"keys":[')],
    ['answers without end', (_request, response) => flood(response)],
    ['leads elsewhere', (_request, response) => response.writeHead(302, { location: '/other' }).end()],
    ['answers nonsense', (_request, response) => response.end('<html>')],
    ['says that there is nothing', (_request, response) => response.writeHead(204).end()],
  ])('an issuer that %s lets no token in, and holds nothing up for longer than its time', async (_, answer) => {
    await using keys = await issuer(answer)
    await using service = await guarded({ issuer: ISSUER, jwksUri: keys.url })
    const begin = performance.now()
    expect(await Promise.all([service.ask(), service.ask()])).toEqual([FAILED, FAILED])
    expect(await service.ask()).toBe(FAILED)
    expect(performance.now() - begin).toBeLessThan(3_000)
    expect(keys.asked).toHaveLength(1)
    const without = await fetch(service.server.url)
    expect(without.status).toBe(200)
  })
})

function flood(response: Parameters<RequestListener>[1]): void {
  const more = (): void => {
    while (!response.destroyed && response.write('x'.repeat(65_536))) {
      // Until there is no room.
    }
  }
  response.on('drain', more)
  more()
}
