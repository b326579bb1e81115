import { Buffer } from 'node:buffer'
import { readFileSync } from 'node:fs'
import {
  createServer as createHttp2Server,
  createSecureServer,
  type SecureServerOptions,
  type ServerHttp2Stream,
} from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { ClientTls, HealthCheck } from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { createEndpointChecker } from '../../../../../packages/mesh-client/src/http/health/endpoint-checker.ts'
import { Connectors } from '../../../../../packages/mesh-client/src/http/outbound/connectors.ts'
import { systemTimers } from '../../../../../packages/mesh-client/src/kernel/timers.ts'
import { poll } from '../../../../support/poll.ts'
import { wireCluster, wireEndpoint } from '../../../../support/wire.ts'

const HTTP: HealthCheck['check'] = { http: { path: '/healthz' } }
const GRPC: HealthCheck['check'] = { grpc: {} }

type Answer = (socket: Socket) => void

/** A server whose bytes are in the hand of the test; tells how many connections are left open. */
async function served(answer: Answer, ask: (port: number) => Promise<void>): Promise<void> {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket)).on('error', () => undefined)
    answer(socket)
    // What is not read would hide the end of the connection.
    socket.resume()
  })
  await listening(server)
  await ask((server.address() as AddressInfo).port)
  await poll(() => open.size === 0, 'the end of the connection')
  await new Promise<void>((resolve) => void server.close(() => resolve()))
}

async function listening(server: Server | ReturnType<typeof createHttp2Server>): Promise<void> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
}

function ask(port: number, check: HealthCheck['check'], timeoutMs = 5_000, tls?: ClientTls): Promise<string> {
  const { check: asked } = createEndpointChecker(new Connectors(systemTimers), systemTimers)
  const endpoint = wireEndpoint(1, { address: '127.0.0.1', port })
  const common = { intervalMs: 1_000, unhealthyThreshold: 1, healthyThreshold: 1 }
  return asked({ endpoint, cluster: wireCluster(tls && { tls }), check: { ...common, timeoutMs, check } })
}

const says =
  (text: string): Answer =>
  (socket) =>
    void socket.once('data', () => socket.write(text))

describe('what a check finds', () => {
  test.each<[string, HealthCheck['check'], Answer, string]>([
    ['200', HTTP, says('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'), 'passed'],
    ['200 whose body never ends', HTTP, says('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx'), 'passed'],
    ['204 where only 200 is expected', HTTP, says('HTTP/1.1 204 No Content\r\n\r\n'), 'failed'],
    ['garbage', HTTP, says('garbage\r\n\r\n'), 'unreachable'],
    ['a connection that is closed', HTTP, (socket) => socket.destroy(), 'unreachable'],
    [
      'a reset in the middle of the head',
      HTTP,
      (socket) => void socket.once('data', () => socket.resetAndDestroy()),
      'unreachable',
    ],
    ['a connection is enough for TCP', { tcp: {} }, () => undefined, 'passed'],
    ['HTTP/1.1 where gRPC is asked', GRPC, says('HTTP/1.1 400 Bad Request\r\n\r\n'), 'unreachable'],
  ])('%s', async (_, check, answer, expected) => {
    await served(answer, async (port) => expect(await ask(port, check)).toBe(expected))
  })

  test.each<[string, HealthCheck['check']]>([
    ['HTTP', HTTP],
    ['gRPC', GRPC],
  ])('%s without an answer: timeout', async (_, check) => {
    await served(
      () => undefined,
      async (port) => expect(await ask(port, check, 50)).toBe('timeout'),
    )
  })

  test('nobody listening', async () => {
    let port = 0
    await served(
      () => undefined,
      async (found) => {
        port = found
        await ask(found, { tcp: {} })
      },
    )
    expect(await ask(port, { tcp: {} })).toBe('unreachable')
    expect(await ask(port, HTTP)).toBe('unreachable')
    expect(await ask(port, GRPC)).toBe('unreachable')
  })
})

function grpcOverTls(identity: SecureServerOptions): ReturnType<typeof createSecureServer> {
  return createSecureServer(identity).on('stream', (stream) => {
    stream.respond({ ':status': 200 }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end(Buffer.from([0, 0, 0, 0, 2, 8, 1]))
  })
}

test('checks under way end with the transport', async () => {
  await served(
    () => undefined,
    async (port) => {
      const { check, close } = createEndpointChecker(new Connectors(systemTimers), systemTimers)
      const endpoint = wireEndpoint(1, { address: '127.0.0.1', port })
      const policy = { intervalMs: 1, timeoutMs: 60_000, unhealthyThreshold: 1, healthyThreshold: 1 }
      const outcomes = [HTTP, GRPC].map((kind) =>
        check({ endpoint, cluster: wireCluster(), check: { ...policy, check: kind } }),
      )
      await new Promise((resolve) => setImmediate(resolve))
      close()
      expect(await Promise.all(outcomes)).toEqual(['unreachable', 'unreachable'])
    },
  )
})

describe('over TLS, as the cluster asks for it', () => {
  const file = (name: string): string => fileURLToPath(new URL(`../../../../fixtures/tls/${name}`, import.meta.url))
  const identity = { key: readFileSync(file('server.key')), cert: readFileSync(file('server.pem')) }

  test.each<[string, HealthCheck['check'], ClientTls, string]>([
    ['HTTP', HTTP, { mode: 'SIMPLE', insecureSkipVerify: true }, 'passed'],
    ['gRPC', GRPC, { mode: 'SIMPLE', insecureSkipVerify: true }, 'passed'],
    ['TCP is a handshake', { tcp: {} }, { mode: 'SIMPLE', insecureSkipVerify: true }, 'passed'],
    [
      'a certificate that is not trusted',
      HTTP,
      { mode: 'SIMPLE', caCertificates: file('other-ca.pem') },
      'unreachable',
    ],
  ])('%s', async (_, check, tls, expected) => {
    const server = check === GRPC ? grpcOverTls(identity) : createHttpsServer(identity, (_, response) => response.end())
    server.on('sessionError', () => undefined).on('tlsClientError', () => undefined)
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    expect(await ask((server.address() as AddressInfo).port, check, 5_000, tls)).toBe(expected)
    await new Promise<void>((resolve) => void server.close(() => resolve()))
  })
})

describe('gRPC health', () => {
  const answering = async (answer: (stream: ServerHttp2Stream) => void): Promise<string> => {
    const server = createHttp2Server()
    server.on('stream', (stream) => {
      stream.on('error', () => undefined)
      answer(stream)
    })
    await listening(server)
    const found = await ask((server.address() as AddressInfo).port, GRPC)
    await new Promise<void>((resolve) => void server.close(() => resolve()))
    return found
  }
  const message =
    (bytes: readonly number[], grpcStatus = '0') =>
    (stream: ServerHttp2Stream): void => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': grpcStatus }))
      stream.end(Buffer.from(bytes))
    }

  test.each<[string, (stream: ServerHttp2Stream) => void, string]>([
    ['SERVING', message([0, 0, 0, 0, 2, 8, 1]), 'passed'],
    ['NOT_SERVING', message([0, 0, 0, 0, 2, 8, 2]), 'failed'],
    ['UNKNOWN, which is written as nothing', message([0, 0, 0, 0, 0]), 'failed'],
    ['SERVING with an error', message([0, 0, 0, 0, 2, 8, 1], '13'), 'failed'],
    [
      'no such service',
      (stream) => stream.respond({ ':status': 200, 'grpc-status': '5' }, { endStream: true }),
      'failed',
    ],
    ['no gRPC at all', (stream) => stream.respond({ ':status': 404 }, { endStream: true }), 'failed'],
    ['a stream that is reset', (stream) => stream.close(2), 'unreachable'],
  ])('%s', async (_, answer, expected) => {
    expect(await answering(answer)).toBe(expected)
  })
})
