import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { HEARTBEAT_MS, type HelloEvent, type UpdateEvent } from '@weft/mesh-protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ControlServer, startControlServer } from '../../packages/control-server/src/server.ts'
import { poll } from '../support/poll.ts'
import { parseEvents, type SseEvent, testNode } from '../support/simulated-client.ts'
import { registration } from '../support/test-model.ts'

const HOST = 'reviews.default.svc.cluster.local'

const WORKLOADS = 100
const CHANGES = 300

let server: ControlServer

beforeEach(async () => {
  server = await startControlServer({ store: 'memory', listen: '127.0.0.1:0' })
})

afterEach(() => server.close())

interface OpenStream {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly events: SseEvent[]
  /** Everything that has come. */
  readonly text: () => string
  readonly ended: () => boolean
  close(): void
}

/** A stream by the plainest means, so that nothing hides what is on the wire. */
function openStream(node: unknown): Promise<OpenStream> {
  const query = node === undefined ? '' : `?node=${encodeURIComponent(JSON.stringify(node))}`
  return new Promise((resolve, reject) => {
    const sent = request(`${server.url}/v1/stream${query}`, (response) => {
      const events: SseEvent[] = []
      let rest = ''
      let all = ''
      let over = false
      response.setEncoding('utf8').on('data', (text: string) => {
        all += text
        const end = `${rest}${text}`.lastIndexOf('\n\n')
        const whole = `${rest}${text}`.slice(0, end + 2)
        rest = `${rest}${text}`.slice(end + 2)
        events.push(...parseEvents(whole))
      })
      response.on('close', () => {
        over = true
      })
      response.on('error', () => undefined)
      const { statusCode: status = 0, headers } = response
      resolve({ status, headers, events, text: () => all, ended: () => over, close: () => sent.destroy() })
    })
    sent.on('error', reject)
    sent.end()
  })
}

const api = (method: string, path: string, body?: unknown): Promise<Response> =>
  fetch(path.startsWith('http') ? path : `${server.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })

async function hello(stream: OpenStream): Promise<HelloEvent> {
  return poll(() => stream.events.find(({ event }) => event === 'hello')?.data as HelloEvent | undefined, 'hello')
}

const updates = ({ events }: OpenStream): SseEvent[] => events.filter(({ event }) => event === 'update')

describe('GET /v1/stream', () => {
  test('says hello with the address of its messages, then carries what is subscribed to and what changes', async () => {
    expect((await api('PUT', '/v1/workloads/w1', registration())).status).toBeLessThan(300)
    const stream = await openStream(testNode())
    expect(stream.status).toBe(200)
    expect(stream.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    const { url, streamId, epoch, heartbeatMs } = await hello(stream)
    expect(url).toBe(`${server.url}/v1/streams/${streamId}`)
    expect(heartbeatMs).toBe(HEARTBEAT_MS)
    expect((await api('POST', url, { seq: 1, subscribe: [HOST] })).status).toBe(204)
    const first = await poll(() => updates(stream)[0], 'the first update')
    expect(first.id).toMatch(new RegExp(`^${epoch}\\.\\d+$`))
    const { resources } = first.data as UpdateEvent
    expect(resources).toHaveLength(5)

    expect((await api('DELETE', '/v1/workloads/w1')).status).toBeLessThan(300)
    const second = await poll(() => updates(stream)[1], 'the second update')
    expect(second.data).toMatchObject({ resources: [{ type: 'ClusterLoadAssignment', name: `outbound|80||${HOST}` }] })

    const ack = Object.fromEntries(resources.map(({ type, name, version }) => [`${type}/${name}`, version]))
    await api('POST', url, { seq: 2, ack })
    const clients = (await (await api('GET', '/v1/clients')).json()) as { clients: object[] }
    expect(clients.clients).toMatchObject([
      { id: 'caller-1', streamId, subscriptions: [HOST], sent: 5, acked: 4, pending: 1 },
    ])

    stream.close()
    await poll(async () => {
      const left = (await (await api('GET', '/v1/clients')).json()) as { clients: object[] }
      return left.clients.length === 0
    }, 'the end of the stream')
    expect((await api('POST', url, { seq: 3 })).status).toBe(404)
  })

  test.each([
    ['no node', undefined, ['node']],
    ['a node that is no object', 'x', ['node']],
    [
      'a node with two faults',
      { ...testNode(), namespace: 'Not A Label', servicePorts: [0] },
      ['node.namespace', 'node.servicePorts[0]'],
    ],
  ])('refuses %s with what is wrong', async (_, node, fields) => {
    const query = node === undefined ? '' : `?node=${encodeURIComponent(JSON.stringify(node))}`
    const answer = await api('GET', `/v1/stream${query}`)
    expect(answer.status).toBe(400)
    const status = (await answer.json()) as { details: { causes: { field: string }[] } }
    expect(status).toMatchObject({ kind: 'Status', status: 'Failure', code: 400 })
    expect(status.details.causes.map(({ field }) => field)).toEqual(fields)
  })

  test('ends when the server closes', async () => {
    const stream = await openStream(testNode())
    await hello(stream)
    await server.close()
    await poll(() => stream.ended(), 'the end of the stream')
  })
})

describe('POST /v1/streams/{id}', () => {
  test('refuses a message that is none, and a stream that is none', async () => {
    const bad = await api('POST', '/v1/streams/x', { seq: 0, subscribe: [''] })
    expect(bad.status).toBe(400)
    const { details } = (await bad.json()) as { details: { causes: { field: string }[] } }
    expect(details.causes.map(({ field }) => field)).toEqual(['seq', 'subscribe[0]'])
    const unknown = await api('POST', '/v1/streams/x', { seq: 1 })
    expect(unknown.status).toBe(404)
    expect(await unknown.json()).toMatchObject({ kind: 'Status', reason: 'NotFound' })
  })
})

describe('a client that stops reading', () => {
  test('costs little, delays nobody and ends with the newest state', async () => {
    const put = (index: number, weight: number): Promise<Response> => {
      const ports = [{ name: 'http', servicePort: 80, port: 80, listenPort: 10_000 + index, protocol: 'http' }]
      const labels = { version: 'v1', padding: String(weight).padEnd(2_000, 'x') }
      return api('PUT', `/v1/workloads/w${index}`, registration({ ports, weight, labels }))
    }
    for (let index = 0; index < WORKLOADS; index++) await put(index, 1)
    const stalled = await stalledStream()
    const quick = await openStream(testNode({ id: 'quick' }))
    await api('POST', (await hello(quick)).url, { seq: 1, subscribe: [HOST] })
    await poll(() => updates(quick).length > 0, 'the first update')

    let slowest = 0
    for (let change = 1; change <= CHANGES; change++) {
      const startedAt = performance.now()
      await put(change % WORKLOADS, 1 + change)
      if (change % 50 !== 0) continue
      await poll(() => quick.text().includes(`"weight":${1 + change}`), 'the update')
      slowest = Math.max(slowest, performance.now() - startedAt)
    }
    expect(slowest).toBeLessThan(2_000)

    const text = await stalled.readOn(`"weight":${1 + CHANGES}`)
    // Every change of such a client's is the whole assignment; what came is what the sockets' buffers could take, not more.
    const wholeBytes = WORKLOADS * 2_000
    expect(text.length).toBeLessThan((CHANGES * wholeBytes) / 3)
    stalled.socket.destroy()
    quick.close()
  })

  /** Opens a stream, subscribes, and leaves its socket alone. */
  async function stalledStream(): Promise<{ socket: Socket; readOn(until: string): Promise<string> }> {
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    const node = encodeURIComponent(JSON.stringify(testNode({ id: 'stalled', features: [] })))
    socket.write(`GET /v1/stream?node=${node} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n\r\n`)
    const url = await poll(() => /"url":"([^"]+)"/.exec(text)?.[1], 'hello')
    socket.pause()
    await api('POST', url, { seq: 1, subscribe: [HOST] })
    return {
      socket,
      async readOn(until) {
        socket.resume()
        await poll(() => text.includes(until), 'the newest state')
        return text
      },
    }
  }
})
