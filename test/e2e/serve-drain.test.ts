import { Agent, createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Server } from 'node:net'
import { expect, test } from 'vitest'
import type { MeshServer } from '../../packages/mesh-client/src/http/inbound/mesh-server.ts'
import { Pool } from '../../packages/mesh-client/src/http/undici.ts'
import { inboundHarness } from '../support/inbound.ts'
import { poll } from '../support/poll.ts'
import { rawConnection } from '../support/raw-http.ts'

const LOOPBACK = { host: '127.0.0.1' }
const REQUEST = 'GET / HTTP/1.1\r\nhost: h\r\n\r\n'

/** Answers after a while, so that requests are under way at any moment. */
function slowly(delayMs: number) {
  return (_request: IncomingMessage, response: ServerResponse): void => {
    setTimeout(() => response.end('done'), delayMs)
  }
}

interface Tally {
  readonly answered: number
  readonly failed: readonly string[]
}

/** Keeps requests under way until told to stop. */
function load(send: () => Promise<void>, parallel: number): { stop(): Promise<Tally> } {
  const failed: string[] = []
  let answered = 0
  let running = true
  const loops = Array.from({ length: parallel }, async () => {
    while (running) {
      try {
        await send()
        answered++
      } catch (error) {
        failed.push(String((error as { code?: unknown }).code ?? error))
      }
    }
  })
  return {
    async stop() {
      running = false
      await Promise.all(loops)
      return { answered, failed }
    },
  }
}

const CLIENTS: Record<string, () => { send(origin: string): Promise<void>; end(): Promise<void> }> = {
  undici() {
    const pools = new Map<string, Pool>()
    return {
      async send(origin) {
        const pool = pools.get(origin) ?? new Pool(origin, { connections: 8 })
        pools.set(origin, pool)
        const { body, statusCode } = await pool.request({ path: '/', method: 'GET' })
        if (statusCode !== 200 || (await body.text()) !== 'done') throw new Error(`status ${statusCode}`)
      },
      end: async () => void (await Promise.all([...pools.values()].map((pool) => pool.destroy()))),
    }
  },
  'node:http'() {
    const agent = new Agent({ keepAlive: true })
    return {
      send: (origin) =>
        new Promise((resolve, reject) => {
          get(origin, { agent }, (response) => void response.resume().on('end', resolve)).on('error', reject)
        }),
      end: async () => agent.destroy(),
    }
  },
}

test.each(Object.keys(CLIENTS))(
  'a rolling restart under load of keep-alive clients (%s) fails nothing',
  async (name) => {
    const client = (CLIENTS[name] as (typeof CLIENTS)[string])()
    const start = async (): Promise<{ harness: ReturnType<typeof inboundHarness>; server: MeshServer<Server> }> => {
      const harness = inboundHarness({ drainDelayMs: 30 })
      return { harness, server: await harness.inbound.serve(slowly(3), LOOPBACK) }
    }
    let current = await start()
    const all = [current.harness]
    const running = load(() => client.send(current.server.url), 16)
    for (let round = 0; round < 3; round++) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      const old = current
      current = await start()
      all.push(current.harness)
      await old.harness.inbound.close()
      expect(old.harness.events).toEqual(['registered', 'deregistered'])
    }
    const tally = await running.stop()
    await client.end()
    await current.harness.inbound.close()
    expect(tally.failed).toEqual([])
    expect(tally.answered).toBeGreaterThan(300)
    expect(all.flatMap(({ calls }) => calls).filter(({ status, flags }) => status !== 200 || flags !== '-')).toEqual([])
  },
)

test('serving goes on unchanged while callers learn, then each response says Connection: close', async () => {
  await using harness = inboundHarness({ drainDelayMs: 150 })
  const server = await harness.inbound.serve(slowly(0), LOOPBACK)
  const before = await rawConnection(server.port, REQUEST)
  expect(await before.until('done')).toContain('Connection: keep-alive')
  expect([server.ready, harness.inbound.ready]).toEqual([true, true])
  const closed = server.close()
  expect([server.ready, harness.inbound.ready]).toEqual([false, false])
  await poll(() => harness.events.includes('deregistered'), 'deregistration')
  const during = await rawConnection(server.port, REQUEST)
  expect(await during.until('done')).toContain('Connection: keep-alive')
  await new Promise((resolve) => setTimeout(resolve, 200))
  before.socket.write(REQUEST)
  await before.closed
  const late = await rawConnection(server.port, REQUEST)
  await late.closed
  expect([before.text, late.text].map((text) => text.split('HTTP/1.1').at(-1))).toEqual([
    expect.stringMatching(/Connection: close.*done/s),
    expect.stringMatching(/Connection: close.*done/s),
  ])
  during.socket.end()
  await closed
  await expect(rawConnection(server.port, REQUEST)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('a response under way is finished and says Connection: close, even where the application says otherwise', async () => {
  await using harness = inboundHarness()
  let arrived = 0
  const server = await harness.inbound.serve((request: IncomingMessage, response: ServerResponse) => {
    arrived++
    setTimeout(() => {
      if (request.url === '/object') response.writeHead(200, { Connection: 'keep-alive', 'x-app': '1' })
      if (request.url === '/list') response.writeHead(200, 'Fine', ['connection', 'keep-alive', 'x-app', '1'])
      if (request.url === '/set') response.setHeader('connection', 'keep-alive').setHeader('x-app', '1')
      response.end('done')
    }, 100)
  }, LOOPBACK)
  const connections = await Promise.all(
    ['/object', '/list', '/set'].map((path) => rawConnection(server.port, REQUEST.replace('/', path))),
  )
  await poll(() => arrived === 3, 'three requests')
  await server.close()
  for (const connection of connections) {
    expect(await connection.closed).toBe('end')
    expect(connection.text).toMatch(/^connection: close\r$/im)
    expect(connection.text).not.toMatch(/keep-alive/i)
    expect(connection.text).toMatch(/x-app: 1.*done/s)
  }
})

test('an unused connection has its grace, and is then ended cleanly', async () => {
  await using harness = inboundHarness()
  const server = await harness.inbound.serve(slowly(0), LOOPBACK)
  const idle = await rawConnection(server.port, REQUEST)
  await idle.until('done')
  const started = performance.now()
  const closed = server.close()
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(idle.socket.readyState).toBe('open')
  idle.socket.write(REQUEST)
  await idle.until(/done.*Connection: close.*done/s)
  expect(await idle.closed).toBe('end')
  await closed
  expect(performance.now() - started).toBeLessThan(1_000)

  const other = inboundHarness()
  const second = await other.inbound.serve(slowly(0), LOOPBACK)
  const unused = await rawConnection(second.port, REQUEST)
  await unused.until('done')
  await second.close()
  expect(await unused.closed).toBe('end')
})

test('what is open at the deadline is cut: a response, and a tunnel', async () => {
  await using harness = inboundHarness()
  const own = createServer((_request, response) => void response.write('never ends'))
  own.on('upgrade', (_request, socket) => {
    socket.on('error', () => undefined)
    socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')
  })
  const server = await harness.inbound.serve(own, LOOPBACK)
  const response = await rawConnection(server.port, REQUEST)
  const tunnel = await rawConnection(
    server.port,
    'GET / HTTP/1.1\r\nhost: h\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
  )
  await Promise.all([response.until('never'), tunnel.until('101')])
  const started = performance.now()
  const first = server.close()
  expect(server.close()).toBe(first)
  await server.close({ timeoutMs: 200 })
  expect(performance.now() - started).toBeGreaterThan(150)
  expect(performance.now() - started).toBeLessThan(1_000)
  await Promise.all([response.closed, tunnel.closed])
  await poll(() => harness.calls.length === 2, 'the records of both')
  expect(harness.calls.map(({ status, flags }) => `${status} ${flags}`).sort()).toEqual(['101 -', '200 DC'])
})

test('a signal cuts the drain short', async () => {
  await using harness = inboundHarness({ drainDelayMs: 5_000 })
  const server = await harness.inbound.serve(slowly(60_000), LOOPBACK)
  const waiting = await rawConnection(server.port, REQUEST)
  await poll(async () => new Promise<number>((resolve) => server.server.getConnections((_, n) => resolve(n))), 'it')
  const closed = server.close({ signal: AbortSignal.timeout(50) })
  await closed
  expect(await waiting.closed).toMatch(/^(?:end|ECONNRESET)$/)
  await expect(server.close({ signal: AbortSignal.abort() })).resolves.toBeUndefined()
})

test('a server that the application closes itself is deregistered', async () => {
  await using harness = inboundHarness({ drainDelayMs: 5_000 })
  const server = await harness.inbound.serve(slowly(0), LOOPBACK)
  await new Promise((resolve) => server.server.close(resolve))
  await poll(() => harness.events.includes('deregistered'), 'deregistration')
  await server.close()
})

test('an unreachable control server does not hold the close up', async () => {
  await using harness = inboundHarness({
    register: () => ({ registered: true, deregister: () => new Promise(() => undefined) }),
  })
  const server = await harness.inbound.serve(slowly(0), LOOPBACK)
  const started = performance.now()
  await server.close()
  expect(performance.now() - started).toBeLessThan(2_000)
})

test('connections in use have their grace too when no new ones are taken: after a response, and within a request', async () => {
  await using harness = inboundHarness()
  const endings: (() => void)[] = []
  const server = await harness.inbound.serve((request: IncomingMessage, response: ServerResponse) => {
    if (request.url === '/begun') {
      response.write('begun')
      endings.push(() => response.end('done'))
    } else response.end('done')
  }, LOOPBACK)
  const [begun, partial] = await Promise.all([
    rawConnection(server.port, REQUEST.replace('/', '/begun')),
    rawConnection(server.port, REQUEST.slice(0, -2)),
  ])
  await begun.until('begun')
  const closed = server.close()
  setTimeout(() => endings[0]?.(), 900)
  await poll(() => !server.server.listening, 'no new connections')
  await new Promise((resolve) => setTimeout(resolve, 150))
  begun.socket.write(REQUEST)
  partial.socket.write('\r\n')
  await Promise.all([begun.closed, partial.closed, closed])
  expect(begun.text).toMatch(/begun.*done.*Connection: close.*done/s)
  expect(partial.text).toMatch(/Connection: close.*done/s)
})

test.each(['before', 'after'])(
  'of pipelined requests only the last response says Connection: close, when it comes %s the announcement',
  async (when) => {
    await using harness = inboundHarness()
    const answers: (() => void)[] = []
    const server = await harness.inbound.serve((_request: IncomingMessage, response: ServerResponse) => {
      answers.push(() => response.end('done'))
    }, LOOPBACK)
    const connection = await rawConnection(server.port, when === 'before' ? REQUEST + REQUEST : REQUEST)
    await poll(() => answers.length > 0, 'the first request')
    const closed = server.close()
    await new Promise((resolve) => setTimeout(resolve, 20))
    if (when === 'after') connection.socket.write(REQUEST)
    await poll(() => answers.length === 2, 'both requests')
    for (const answer of answers) answer()
    expect(await connection.closed).toBe('end')
    expect(connection.text.match(/connection: [a-z-]+/gi)).toEqual(['Connection: keep-alive', 'Connection: close'])
    await closed
  },
)
