import { cpSync } from 'node:fs'
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { type ControlServer, startControlServer } from '@weft/control-server'
import { createMesh } from '@weft/mesh-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { registration } from '../support/api-bodies.ts'
import { temporaryDirectory } from '../support/chaos.ts'
import { call } from '../support/control-server.ts'
import { closedPort } from '../support/outbound.ts'
import { startProcess } from '../support/process.ts'
import { type StubControlServer, startStub } from '../support/stub-control-server.ts'

/** The longest that a process may go on after its last line. */
const LINGER_MS = 1_000

let control: ControlServer
let reviews: HttpServer
/** Accepts connections and never says anything. */
let silent: Server
/** Opens streams and says hello, and nothing else ever. */
let mute: StubControlServer
let keptPolicy: string
const sockets = new Set<Socket>()

beforeAll(async () => {
  control = await startControlServer({ listen: '127.0.0.1:0', store: 'memory' })
  reviews = createHttpServer((_request, response) => response.end('an answer'))
  silent = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined))
  })
  for (const server of [reviews, silent]) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  }
  mute = await startStub()
  await register('reviews', portOf(reviews))
  await register('silent', portOf(silent))
  await register('refusing', await closedPort())
  keptPolicy = await keepPolicy()
})
afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  silent.close()
  reviews.close()
  reviews.closeAllConnections()
  await mute[Symbol.asyncDispose]()
  await control.close()
})

const portOf = (server: Server | HttpServer): number => (server.address() as AddressInfo).port

async function register(service: string, listenPort: number): Promise<void> {
  const ports = [{ name: 'http', servicePort: 80, port: 80, listenPort, protocol: 'http' }]
  const { status } = await call(`${control.url}/v1/workloads/${service}`, 'PUT', registration({ service, ports }))
  expect(status).toBe(200)
}

/** A directory with what a script that has called `reviews` and `refusing` keeps. */
async function keepPolicy(): Promise<string> {
  const stateDir = temporaryDirectory()
  const mesh = createMesh({ control: control.url, service: 'script', stateDir })
  expect(await (await mesh.fetch('http://reviews/')).text()).toBe('an answer')
  await expect(mesh.fetch('http://refusing/')).rejects.toThrow()
  await mesh.close()
  return stateDir
}

async function run(work: string, url: string, env: Record<string, string> = {}): Promise<string> {
  await using script = startProcess('test/chaos/fixtures/finished.ts', {
    args: [work],
    env: { WEFT_CONTROL: url, WEFT_SERVICE: 'script', OUTSIDE: `http://127.0.0.1:${portOf(reviews)}/`, ...env },
  })
  const [, outcome = ''] = await script.until(/^came to (.*)$/)
  const [, lingered] = await script.until(/^went on for (\d+)$/)
  expect(Number(lingered)).toBeLessThan(LINGER_MS)
  expect(await script.exited).toBe(0)
  return outcome
}

describe.concurrent('a process that has finished its work ends by itself,', { timeout: 30_000 }, () => {
  test.each([
    ['fetch', 'an answer'],
    ['unread', '200'],
    ['refused', 'TypeError ECONNREFUSED'],
    ['retried', 'Error ECONNREFUSED'],
    ['aborted', 'TimeoutError 23'],
    ['outside', '200'],
    ['closed', 'undefined'],
    ['served', 'served'],
  ])('with a control server, after: %s', async (work, outcome) => {
    expect(await run(work, control.url)).toBe(outcome)
  })

  const troubles: Record<string, () => string> = {
    'that is down': () => 'http://127.0.0.1:1',
    'that accepts and never answers': () => `http://127.0.0.1:${portOf(silent)}`,
    'that says hello and no more': () => mute.url,
  }
  const without: readonly (readonly [string, string, string])[] = Object.keys(troubles).flatMap((trouble) => [
    [trouble, 'ready', 'MeshError WEFT_NOT_READY'] as const,
    [trouble, 'served', 'served'] as const,
  ])
  test.each(without)('with a control server %s, after: %s', async (trouble, work, outcome) => {
    expect(await run(work, troubles[trouble]?.() ?? '')).toBe(outcome)
  })

  test.each(Object.keys(troubles))('with a control server %s and policy that was kept', async (trouble) => {
    const stateDir = temporaryDirectory()
    cpSync(keptPolicy, stateDir, { recursive: true })
    const url = troubles[trouble]?.() ?? ''
    expect(await run('fetch', url, { WEFT_STATE_DIR: stateDir })).toBe('an answer')
    expect(await run('refused', url, { WEFT_STATE_DIR: stateDir })).toBe('TypeError ECONNREFUSED')
  })
})
