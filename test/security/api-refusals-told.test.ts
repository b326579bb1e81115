import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ControlServer, startControlServer } from '../../packages/control-server/src/server.ts'
import { registration } from '../support/api-bodies.ts'
import { type SecureAnswer, secureCall } from '../support/secure-api.ts'

/* Whoever runs the server hears of those who try what they may not, without their secrets and without end. */
interface Line {
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
}

const told: Line[] = []
let ahead = 0
const clock = { now: () => performance.now() + ahead, wallNow: () => Date.now() }
let server: ControlServer
let root: string
beforeAll(async () => {
  const silent = (): void => undefined
  const warn = (message: string, details: Record<string, unknown> = {}): void => void told.push({ message, details })
  const logger = { debug: silent, info: silent, warn, error: silent }
  server = await startControlServer({ listen: '127.0.0.1:0', store: 'memory', secure: true, logger, clock })
  root = (await secureCall(`${server.url}/v1/trust-bundle?format=pem`)).body
})
afterAll(() => server.close())

const call = (path: string, given: object): Promise<SecureAnswer> =>
  secureCall(server.url + path, { ca: root, ...given })

test('a workload that registers for somebody else is told of, by its token and never with it', async () => {
  const token = await server.createToken({ namespace: 'default', serviceAccount: 'reviews' })
  const body = registration({ service: 'payments', serviceAccount: 'payments' })
  expect((await call('/v1/workloads/a-workload?secret=1', { token, method: 'PUT', body })).status).toBe(403)
  const [line] = told.splice(0)
  expect(line?.message).toBe('a request was refused')
  expect(line?.details).toMatchObject({
    method: 'PUT',
    path: '/v1/workloads/a-workload',
    code: 403,
    from: '127.0.0.1',
    principal: `token/${token.split('.')[1]}`,
    message: expect.stringContaining('may not register as default/payments'),
  })
  expect(JSON.stringify(line)).not.toContain(token.split('.')[2])
})

test('a credential that nobody knows is told of, and who presents nothing is not', async () => {
  const token = `weft-api.0000000000000000.${'a'.repeat(43)}`
  expect((await call('/v1/clients', {})).status).toBe(401)
  expect((await call('/v1/clients', { token })).status).toBe(401)
  const lines = told.splice(0)
  expect(lines.map(({ details }) => details.code)).toEqual([401])
  expect(JSON.stringify(lines)).not.toContain('aaaa')
})

test('a flood of them is counted, and told with the next line', async () => {
  ahead += 60_000
  const token = await server.createToken({ role: 'viewer' })
  for (let at = 0; at < 65; at++) expect((await call('/v1/tokens', { token })).status).toBe(403)
  expect(told.splice(0)).toHaveLength(60)
  ahead += 60_000
  await call('/v1/tokens', { token })
  expect(told.splice(0).map(({ details }) => details.untold)).toEqual([5])
})
