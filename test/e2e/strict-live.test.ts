import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import type { ClientHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { Mesh } from '@weft/mesh-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { askHttp2, dial, dialHttp2 } from '../support/mesh-tls.ts'
import { chain, type Load, openLoop } from '../support/open-loop.ts'
import { poll } from '../support/poll.ts'
import { peerAuthentication } from '../support/test-model.ts'

/* A port is closed to plaintext and opened again while callers of both sorts go on at a steady rate. */

const CALLER = 'cluster.local/ns/shop/sa/checkout'
const PER_SECOND = 30
/** Within so long after the push plaintext has to be refused, or taken again. */
const BOUND_MS = 1_000

let scene: MeshScene
let reviews: Mesh
let client: Mesh
const ports: Record<'http' | 'http2' | 'tcp', number> = { http: 0, http2: 0, tcp: 0 }

beforeAll(async () => {
  scene = await openMeshScene()
  reviews = await scene.joinAs('default', 'reviews', { service: 'reviews' })
  const answer = (asked: object): string => reviews.peer(asked).principal ?? 'nobody'
  const web = await reviews.serve((asked, response) => void response.end(answer(asked)), { host: '127.0.0.1' })
  ports.http = web.port
  new WebSocketServer({ server: web.server as import('node:http').Server }).on('connection', (socket, asked) =>
    socket.on('message', () => socket.send(answer(asked))),
  )
  const http2 = { host: '127.0.0.1', servicePort: 8080, protocol: 'http2' } as const
  ports.http2 = (await reviews.serve((asked, response) => void response.end(answer(asked)), http2)).port
  const greet = (socket: Socket): void => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(answer(socket)))
  }
  ports.tcp = (await reviews.serve(greet, { host: '127.0.0.1', servicePort: 9000, protocol: 'tcp' })).port
  await reviews.ready({ timeoutMs: 10_000 })
  client = await scene.joinAs('shop', 'checkout')
  await client.ready({ timeoutMs: 10_000 })
  await say('PERMISSIVE')
})
afterAll(() => scene?.[Symbol.asyncDispose]())

async function say(mode: string): Promise<void> {
  const told = await scene.apply(peerAuthentication('default', { mtls: { mode } }, 'istio-system'))
  expect(told).toMatchObject({ nacked: 0, pending: 0 })
}

async function read(socket: Socket): Promise<string> {
  socket.write('who am I?')
  let text = ''
  for await (const part of socket) text += String(part)
  if (text === '') throw new Error('the connection ended without an answer')
  return text
}

async function viaMesh(port: number): Promise<string> {
  const response = await client.fetch(`http://reviews.default:${port}/`)
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  return response.text()
}

/** A request in the clear over a connection that was used before where there is one. */
async function inTheClear(agent: Agent | false): Promise<string> {
  const asked = request({ host: '127.0.0.1', port: ports.http, agent })
  asked.end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  let text = ''
  for await (const part of response) text += String(part)
  return text
}

/** The same with HTTP/2: one session, another where it has ended. */
function clearHttp2(): { ask(): Promise<string>; close(): void } {
  let session: Promise<ClientHttp2Session> | undefined
  return {
    async ask() {
      session ??= dial(ports.http2).then((socket) => {
        const made = dialHttp2(socket)
        made.once('close', () => {
          session = undefined
        })
        return made
      })
      const opened = await session
      const { status, body } = await askHttp2(opened)
      if (status !== 200) throw new Error(`the session ended without an answer: ${status}`)
      return body
    },
    close: () => void session?.then((opened) => opened.destroy()),
  }
}

interface Call {
  readonly kind: string
  readonly startedMs: number
  readonly endedMs: number
  /** What it was answered, or why not. */
  readonly outcome: string
  readonly isTaken: boolean
}

/** Starts calls of a kind at a steady rate, and tells of each. */
function steadily(calls: Call[], kind: string, attempt: () => Promise<string>): Load {
  return openLoop(PER_SECOND, async () => {
    const startedMs = performance.now()
    const [outcome, isTaken] = await attempt().then(
      (text) => [text, true] as const,
      (error: unknown) => [chain(error), false] as const,
    )
    calls.push({ kind, startedMs, endedMs: performance.now(), outcome, isTaken })
    return kind
  })
}

/** A connection that stays, and says something again and again; tells what it heard and when it was closed. */
async function openWebSocket(url: string, agent?: Agent): Promise<{ socket: WebSocket; heard: string[] }> {
  const socket = new WebSocket(url, { agent })
  const heard: string[] = []
  socket.on('error', () => undefined)
  socket.on('message', (data) => heard.push(String(data)))
  await once(socket, 'open')
  return { socket, heard }
}

test('PERMISSIVE to STRICT and back while both call: plaintext follows within a second, mutual TLS never fails', {
  timeout: 30_000,
}, async () => {
  const calls: Call[] = []
  const kept = new Agent({ keepAlive: true })
  const sessions = clearHttp2()
  const secure = [
    steadily(calls, 'mTLS HTTP/1.1', () => viaMesh(80)),
    steadily(calls, 'mTLS HTTP/2', () => viaMesh(8080)),
    steadily(calls, 'mTLS TCP', () => read(client.connect({ host: 'reviews.default', port: 9000 }))),
  ]
  const plain = [
    steadily(calls, 'plaintext HTTP/1.1, kept', () => inTheClear(kept)),
    steadily(calls, 'plaintext HTTP/1.1, new', () => inTheClear(false)),
    steadily(calls, 'plaintext HTTP/2', () => sessions.ask()),
    steadily(calls, 'plaintext TCP', async () => read(await dial(ports.tcp))),
  ]
  const plainKinds = ['HTTP/1.1, kept', 'HTTP/1.1, new', 'HTTP/2', 'TCP'].map((kind) => `plaintext ${kind}`)
  const since = (momentMs: number): Call[] => calls.filter(({ startedMs }) => startedMs > momentMs)
  const everyKind = (found: readonly Call[]): boolean =>
    plainKinds.every((kind) => found.filter((call) => call.kind === kind).length > PER_SECOND / 4)

  const stays = await openWebSocket('ws://reviews.default/', client.agent('http:'))
  const goes = await openWebSocket(`ws://127.0.0.1:${ports.http}/`)
  const ended = once(goes.socket, 'close').then(() => performance.now())
  await poll(() => everyKind(calls), 'calls of every kind')
  const isRefused = ({ kind, isTaken }: Call): boolean => plainKinds.includes(kind) && !isTaken
  expect(calls.filter(isRefused)).toEqual([])

  const closedMs = performance.now()
  await say('STRICT')
  await poll(() => everyKind(since(closedMs + BOUND_MS)), 'calls after the bound')
  expect(since(closedMs + BOUND_MS).filter(({ kind, isTaken }) => plainKinds.includes(kind) && isTaken)).toEqual([])
  expect((await ended) - closedMs).toBeLessThan(BOUND_MS)

  const openedMs = performance.now()
  await say('PERMISSIVE')
  await poll(() => everyKind(since(openedMs + BOUND_MS)), 'calls after the bound')
  expect(since(openedMs + BOUND_MS).filter(isRefused)).toEqual([])

  await Promise.all([...secure, ...plain].map((load) => load.stop()))
  stays.socket.send('still there?')
  await poll(() => stays.heard.length > 0, 'an answer over the connection that stayed')
  expect(stays.heard).toEqual([CALLER])
  const secured = calls.filter(({ kind }) => !plainKinds.includes(kind))
  expect(secured.length).toBeGreaterThan(3 * 2 * PER_SECOND)
  expect(secured.filter(({ outcome }) => outcome !== CALLER)).toEqual([])
  expect(
    new Set(calls.filter((call) => plainKinds.includes(call.kind) && call.isTaken).map((call) => call.outcome)),
  ).toEqual(new Set(['nobody']))
  stays.socket.close()
  sessions.close()
  kept.destroy()
})
