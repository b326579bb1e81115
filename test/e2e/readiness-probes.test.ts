import { readFileSync } from 'node:fs'
import { createServer as createHttp2Server } from 'node:http2'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, createServer, type Server } from 'node:net'
import type { Mesh, MeshOptions } from '@weft/mesh-client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { call } from '../support/control-server.ts'
import { type Answer, type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'

let scene: MeshScene
beforeEach(async () => {
  scene = await openMeshScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

/** Whole seconds are all that Kubernetes knows, so that a verdict takes one. */
const QUICK = { periodSeconds: 1, failureThreshold: 1 }

const group = (probe?: object): object => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'WorkloadGroup',
  metadata: { name: 'reviews' },
  spec: { template: {}, ...(probe === undefined ? {} : { probe: { ...QUICK, ...probe } }) },
})

const named = (name: string): Answer => {
  return (_request, response) => void response.end(name)
}

const serve = (version: string, answer: Answer, options: MeshOptions = {}): Promise<Mesh> =>
  scene.serve('reviews', version, answer, { workload: 'reviews', ...options })

/** Who answers ten calls, or with what they are refused. */
async function answers(mesh: Mesh): Promise<string[]> {
  const seen = new Set<string>()
  for (let at = 0; at < 10; at++) {
    const response = await mesh.fetch('http://reviews/')
    const text = await response.text()
    seen.add(response.headers.get('x-weft-error') ?? text)
  }
  return [...seen].sort()
}

const eventually = (mesh: Mesh, expected: readonly string[]): Promise<unknown> =>
  poll(async () => String(await answers(mesh)) === String(expected), `answers of ${expected}`)

async function health(): Promise<string[]> {
  const { body } = await call(`${scene.control.url}/v1/services/default/reviews`, 'GET')
  return (body.endpoints as { health: string }[]).map((endpoint) => endpoint.health).sort()
}

const UNAVAILABLE = ['WEFT_NO_HEALTHY_UPSTREAM']

describe('the probe of a WorkloadGroup', () => {
  test('httpGet: a workload that says that it is ill is not called until it is well', async () => {
    let ill = false
    const asked: (string | undefined)[] = []
    const caller = scene.join({ service: 'caller' })
    await serve('v1', named('v1'), { workload: 'other' })
    await serve('v2', (request, response) => {
      if (request.url !== '/ready') return void response.end('v2')
      asked.push(request.headers['user-agent'], request.headers['x-probe'] as string)
      response.writeHead(ill ? 503 : 302).end()
    })
    await eventually(caller, ['v1', 'v2'])
    const httpGet = { path: '/ready', port: 80, httpHeaders: [{ name: 'X-Probe', value: 'yes' }] }
    await scene.apply(group({ httpGet }))
    // Who is called already is not left out until the first try.
    expect(await answers(caller)).toEqual(['v1', 'v2'])
    await poll(() => asked.length > 0, 'the first try')
    expect(asked.slice(0, 2)).toEqual(['weft-readiness-probe', 'yes'])
    expect(await health()).toEqual(['HEALTHY', 'HEALTHY'])
    ill = true
    await eventually(caller, ['v1'])
    expect(await health()).toEqual(['HEALTHY', 'UNHEALTHY'])
    expect(scene.warnings.join()).toContain('The readiness probe fails')
    ill = false
    await eventually(caller, ['v1', 'v2'])
    ill = true
    await eventually(caller, ['v1'])
    await scene.apply(group())
    await eventually(caller, ['v1', 'v2'])
  })

  test('a workload that has not passed yet is not called, and one that runs no probes is', async () => {
    const caller = scene.join({ service: 'caller' })
    await scene.apply(group({ initialDelaySeconds: 600, tcpSocket: { port: 80 } }))
    await serve('v1', named('v1'))
    await eventually(caller, UNAVAILABLE)
    const { address, port } = await listening(createServer((socket) => socket.end()))
    const registration = {
      ...{ service: 'reviews', namespace: 'default', workload: 'reviews', address, labels: {} },
      ports: [{ name: 'http', servicePort: 80, port: 80, listenPort: port, protocol: 'http' }],
      ...{ serviceAccount: 'default', locality: '', weight: 1 },
    }
    expect(await call(`${scene.control.url}/v1/workloads/foreign`, 'PUT', registration)).toMatchObject({ status: 200 })
    expect(await health()).toEqual(['HEALTHY', 'UNHEALTHY'])
  })

  test('tcpSocket: of a port beside the one that is served', async () => {
    const caller = scene.join({ service: 'caller' })
    await serve('v1', named('v1'))
    const beside = await listening(createServer((socket) => socket.end()))
    await scene.apply(group({ tcpSocket: { port: beside.port } }))
    await eventually(caller, ['v1'])
    expect(await health()).toEqual(['HEALTHY'])
    await beside.close()
    await eventually(caller, UNAVAILABLE)
  })

  test('httpGet over HTTPS: nobody looks at the certificate', async () => {
    const file = (name: string): Buffer => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url))
    const tls = { key: file('server.key'), cert: file('server.pem') }
    const hosts: (string | undefined)[] = []
    const beside = await listening(
      createSecureServer(tls, (request, response) => {
        hosts.push(request.headers.host)
        response.end()
      }),
    )
    const caller = scene.join({ service: 'caller' })
    await serve('v1', named('v1'))
    const httpHeaders = [{ name: 'Host', value: 'mine' }]
    await scene.apply(group({ httpGet: { scheme: 'HTTPS', host: '127.0.0.1', port: beside.port, httpHeaders } }))
    await eventually(caller, ['v1'])
    expect([await health(), hosts[0]]).toEqual([['HEALTHY'], 'mine'])
    await beside.close()
    await eventually(caller, UNAVAILABLE)
  })

  test('grpc: what the health service says', async () => {
    let serving = true
    const server = createHttp2Server()
    server.on('stream', (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, serving ? 1 : 2]))
    })
    const beside = await listening(server as unknown as Server)
    const caller = scene.join({ service: 'caller' })
    await serve('v1', named('v1'))
    await scene.apply(group({ grpc: { port: beside.port, service: 'reviews.Reviews' } }))
    await eventually(caller, ['v1'])
    serving = false
    await eventually(caller, UNAVAILABLE)
    await beside.close()
  })

  test('exec: not run unless the process allows it, and by its exit code where it does', async () => {
    const caller = scene.join({ service: 'caller' })
    const fails = { exec: { command: [process.execPath, '-e', 'process.exit(3)'] } }
    const passes = { exec: { command: [process.execPath, '-e', '0'] }, timeoutSeconds: 5 }
    await serve('v1', named('v1'))
    await serve('v2', named('v2'), { execProbes: true })
    await scene.apply(group(fails))
    await eventually(caller, ['v1'])
    expect(scene.warnings.join()).toContain('WEFT_EXEC_PROBES')
    await scene.apply(group(passes))
    await eventually(caller, ['v1', 'v2'])
    await scene.apply(group({ exec: { command: ['/no/such/program'] } }))
    await eventually(caller, ['v1'])
  })
})

async function listening(server: Server): Promise<{ address: string; port: number; close(): Promise<void> }> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    address: '127.0.0.1',
    port,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  }
}
