import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { readVectors, vectorTitle } from '../support/vectors.ts'
import { ConformanceReport } from './report.ts'

interface Token {
  readonly token: string
  readonly payload: Readonly<Record<string, unknown>>
}

const jwks = readVectors<object>('istio/jwt/jwks.json')
const tokens = readVectors<Readonly<Record<string, Token>>>('istio/jwt/tokens.json') ?? {}

/** What is wrong with some of them; the others are good. */
const REFUSED: Readonly<Record<string, string>> = {
  TokenExpired: 'Jwt is expired',
  TokenInvalid: 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections',
}

const AUTHENTICATION = {
  apiVersion: 'security.istio.io/v1',
  kind: 'RequestAuthentication',
  metadata: { name: 'tokens' },
  spec: {
    jwtRules: [1, 2, 3].map((number) => ({
      issuer: `test-issuer-${number}@istio.io`,
      jwks: JSON.stringify(jwks),
      outputPayloadToHeader: 'x-payload',
    })),
  },
}

describe.skipIf(jwks === undefined)(vectorTitle("Tokens of Istio's own tests", jwks), () => {
  const names = Object.keys(tokens)
  const report = new ConformanceReport({
    suite: 'istio-jwt',
    title:
      "Tokens of Istio's own tests, sent to a process that serves under a RequestAuthentication: taken or refused, and what is in them.",
    rows: names,
  })
  let scene: MeshScene
  let url: string
  beforeAll(async () => {
    scene = await openMeshScene()
    const mesh = scene.join({ service: 'tokens' })
    const server = await mesh.serve(({ headers }, response) => void response.end(headers['x-payload']), {
      host: '127.0.0.1',
    })
    url = server.url
    await mesh.ready({ timeoutMs: 10_000 })
    expect(await scene.apply(AUTHENTICATION)).toMatchObject({ acked: 1, nacked: 0, pending: 0 })
  })
  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]()
    report.publish()
  })

  test.each(names)('%s', async (name) => {
    const { token, payload } = tokens[name] as Token
    const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
    const text = await answer.text()
    if (REFUSED[name] !== undefined) {
      expect([answer.status, text]).toEqual([401, REFUSED[name]])
      expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"')
    } else {
      expect(answer.status).toBe(200)
      expect(JSON.parse(Buffer.from(text, 'base64url').toString())).toEqual(payload)
    }
    report.passed(name)
  })
})
