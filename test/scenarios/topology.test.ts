import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Mesh } from '@weft/mesh-client'
import { expect, test } from 'vitest'
import { registration } from '../support/api-bodies.ts'
import { call } from '../support/control-server.ts'
import { openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'

test('a service calls itself, and another that calls it back, through the mesh', async () => {
  await using scene = await openMeshScene()
  const other: Record<string, string> = { ping: 'pong', pong: 'ping' }
  for (const name of ['ping', 'pong', 'echo']) {
    const mesh: Mesh = await scene.serve(name, 'v1', (request, response) => {
      const depth = Number(request.url?.slice(1))
      if (depth === 0) {
        response.end(name)
        return
      }
      mesh
        .fetch(`http://${other[name] ?? name}/${depth - 1}`)
        .then(async (answer) => response.end(`${name} ${await answer.text()}`))
        .catch((error: unknown) => response.writeHead(500).end(String(error)))
    })
  }
  const mesh = scene.join()
  expect(await (await mesh.fetch('http://echo/6')).text()).toBe('echo echo echo echo echo echo echo')
  expect(await (await mesh.fetch('http://ping/5')).text()).toBe('ping pong ping pong ping pong')
  expect(scene.warnings).toEqual([])
})

test('an endless circle of calls ends with the time that its first caller gave it', async () => {
  await using scene = await openMeshScene()
  let asked = 0
  let under = 0
  const circle: Mesh = await scene.serve('circle', 'v1', (_request, response) => {
    asked++
    under++
    response.on('close', () => under--)
    setTimeout(() => {
      circle
        .fetch('http://circle/')
        .then((answer) => response.writeHead(answer.status).end())
        .catch(() => response.writeHead(502).end())
    }, 5)
  })
  const mesh = scene.join({ service: 'caller' })
  await scene.apply({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'circle' },
    spec: { hosts: ['circle'], http: [{ timeout: '400ms', route: [{ destination: { host: 'circle' } }] }] },
  })
  expect((await mesh.fetch('http://circle/')).status).toBe(504)
  // Calls that were under way then may begin one more each; what must not be is a circle that goes on.
  await poll(async () => {
    const before = asked
    await new Promise((resolve) => setTimeout(resolve, 100))
    return under === 0 && asked === before
  }, 'the end of the circle')
  expect(asked).toBeGreaterThan(3)
})

test('50 hosts are followed at once, and the first call to each is answered by it', async () => {
  await using scene = await openMeshScene()
  const upstream = createServer((request, response) => response.end(request.headers.host))
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  const { port: listenPort } = upstream.address() as AddressInfo
  const names = Array.from({ length: 50 }, (_, index) => `host-${index}`)
  const ports = [{ name: 'http', servicePort: 80, port: 80, listenPort, protocol: 'http' }]
  await Promise.all(
    names.map((service) =>
      call(`${scene.control.url}/v1/workloads/${service}`, 'PUT', registration({ service, ports })),
    ),
  )
  const first = async (mesh: Mesh): Promise<string[]> =>
    Promise.all(names.map(async (name) => (await mesh.fetch(`http://${name}/`)).text()))
  const onDemand = scene.join({ service: 'caller' })
  // Not even the index of hosts has come when these begin.
  expect(await first(onDemand)).toEqual(names)
  expect(onDemand.status().subscriptions).toHaveLength(50)
  const declared = scene.join({ service: 'caller', dependencies: names })
  await declared.ready({ timeoutMs: 5_000 })
  expect(Object.keys(declared.status().versions).filter((key) => key.startsWith('RouteC'))).toHaveLength(50)
  expect(await first(declared)).toEqual(names)
  const stored = await scene.apply(
    ...names.map((name) => ({
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name },
      spec: { hosts: [name], http: [{ route: [{ destination: { host: 'host-0' } }] }] },
    })),
  )
  expect(stored).toMatchObject({ acked: 2, nacked: 0, pending: 0 })
  expect(await first(onDemand)).toEqual(names)
  expect(scene.warnings).toEqual([])
  upstream.closeAllConnections()
  await new Promise((resolve) => void upstream.close(resolve))
})
