import { request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ControlServer, startControlServer } from '../../packages/control-server/src/server.ts'

let server: ControlServer

beforeAll(async () => {
  server = await startControlServer({ listen: '127.0.0.1:0', store: 'memory' })
})
afterAll(() => server.close())

/** The status of a POST that would change something, made with these headers. */
function post(headers: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve, reject) => {
    request(`${server.url}/v1/services/default/x/canary/promote`, { method: 'POST', headers }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
      .on('error', reject)
      .end()
  })
}

const host = (): string => new URL(server.url).host

test.each([
  ['a page of another site', { 'sec-fetch-site': 'cross-site' }],
  ['a page of another port', { 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:1' }],
  ['a name that leads to loopback by DNS rebinding', { 'sec-fetch-site': 'same-origin', host: 'evil.example' }],
  ['a browser without Fetch Metadata', { origin: 'https://evil.example' }],
  ['a page without an origin', { origin: 'null' }],
])('a browser is refused on behalf of %s', async (_, headers) => {
  expect(await post(headers)).toBe(403)
})

test('whoever is no browser is not concerned, under whatever name', async () => {
  expect(await post({})).toBe(404)
  expect(await post({ host: 'weft.internal' })).toBe(404)
})

test("a page of the server's own, and the address bar, are let in", async () => {
  expect(await post({ 'sec-fetch-site': 'same-origin', origin: `http://${host()}` })).toBe(404)
  expect(await post({ 'sec-fetch-site': 'none' })).toBe(404)
  expect(await post({ origin: `http://${host()}` })).toBe(404)
})
