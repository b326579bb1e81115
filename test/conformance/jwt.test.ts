import type { JwtRule } from '@weft/mesh-protocol'
import { afterAll, describe, expect, test } from 'vitest'
import { guardedServer } from '../support/guarded-server.ts'
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

describe.skipIf(jwks === undefined)(vectorTitle("Tokens of Istio's own tests", jwks), () => {
  const names = Object.keys(tokens)
  const report = new ConformanceReport({
    suite: 'istio-jwt',
    title: "Tokens of Istio's own tests, sent to a server of the mesh: taken or refused, and what is in them.",
    rows: names,
  })
  afterAll(() => report.publish())

  test.each(names)('%s', async (name) => {
    const { token, payload } = tokens[name] as Token
    const rule = (issuer: string): JwtRule => ({
      issuer,
      jwks: JSON.stringify(jwks),
      timeoutMs: 1_000,
      forwardOriginalToken: false,
      outputPayloadToHeader: 'x-payload',
    })
    await using server = await guardedServer({
      jwtRules: [1, 2, 3].map((number) => rule(`test-issuer-${number}@istio.io`)),
    })
    const answer = await fetch(server.url, { headers: { authorization: `Bearer ${token}` } })
    const text = await answer.text()
    if (REFUSED[name] !== undefined) {
      expect([answer.status, text]).toEqual([401, REFUSED[name]])
    } else {
      expect(answer.status).toBe(200)
      const seen = String(server.seen[0]?.headers['x-payload'])
      expect(JSON.parse(Buffer.from(seen, 'base64url').toString())).toEqual(payload)
    }
    report.passed(name)
  })
})
