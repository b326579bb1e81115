import { readFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import { createServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Cluster, Endpoint } from '@weft/mesh-protocol'
import { expect, test } from 'vitest'
import { grpcCall, grpcFrame } from '../support/grpc-requests.ts'
import { localEndpoint, outboundHarness } from '../support/outbound.ts'
import { OFF, retrying } from '../support/outbound-retries.ts'

const certificate = (name: string): string => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url))

const TLS: Partial<Cluster> = {
  protocol: 'http',
  tls: { mode: 'SIMPLE', caCertificates: certificate('ca.pem'), sni: 'pay.example.com' },
}

interface Secure extends AsyncDisposable {
  readonly endpoint: Endpoint
  /** What each request was spoken in. */
  readonly seen: string[]
}

/** What answers of either protocol have in common. */
interface Answer {
  setHeader(name: string, value: string): unknown
  addTrailers(trailers: Record<string, string>): unknown
  end(body: string | Buffer): unknown
}

const KEYS = { key: readFileSync(certificate('server.key')), cert: readFileSync(certificate('server.pem')) }

/** A server that offers HTTP/1.1 and, unless told otherwise, HTTP/2, and answers in each. */
async function startSecure(offersHttp2 = true): Promise<Secure> {
  const seen: string[] = []
  const answer = (request: { readonly httpVersion: string }, response: Answer): void => {
    seen.push(request.httpVersion)
    if (request.httpVersion !== '2.0') return void response.end('plain')
    response.setHeader('content-type', 'application/grpc')
    response.addTrailers({ 'grpc-status': '0' })
    response.end(grpcFrame('secure'))
  }
  const server: Server = offersHttp2
    ? createSecureServer({ ...KEYS, allowHTTP1: true }, answer)
    : createServer(KEYS, answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: localEndpoint((server.address() as AddressInfo).port),
    seen,
    [Symbol.asyncDispose]: () => new Promise((resolve) => void server.close(() => resolve())),
  }
}

test('a call of gRPC asks for HTTP/2 by ALPN where calls of HTTP ask for HTTP/1.1', async () => {
  await using server = await startSecure()
  await using mesh = outboundHarness({ endpoints: [server.endpoint], cluster: TLS })
  expect(await grpcCall(mesh.outbound)).toMatchObject({ status: '0', messages: ['secure'] })
  expect(await (await mesh.outbound.fetch('http://reviews/')).text()).toBe('plain')
  expect(server.seen).toEqual(['2.0', '1.1'])
  await mesh.outbound.close()
})

test('a server that does not offer it is told apart, and calls of HTTP go on', async () => {
  await using server = await startSecure(false)
  await using mesh = outboundHarness({ endpoints: [server.endpoint], cluster: TLS, routes: retrying(OFF) })
  await expect(grpcCall(mesh.outbound)).rejects.toThrow(/HTTP\/2|ALPN|alert/i)
  expect(await (await mesh.outbound.fetch('http://reviews/')).text()).toBe('plain')
  expect(mesh.recorder.calls.map(({ grpcStatus, flags }) => [grpcStatus, flags])).toEqual([
    ['14', 'UF'],
    [undefined, '-'],
  ])
  await mesh.outbound.close()
})
