import { readFileSync } from 'node:fs'
import { createServer, get } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Mesh } from '@weft/mesh-client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { call } from '../support/control-server.ts'
import { destinationRule, type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'
import { meshConfig } from '../support/test-model.ts'

const certificate = (name: string): string => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url))
const SERVER = { key: readFileSync(certificate('server.key')), cert: readFileSync(certificate('server.pem')) }

/** A server that nobody registers; it answers with the Host that it was called by. */
const upstream = createServer((request, response) => response.end(request.headers.host))
let port = 0
beforeAll(async () => {
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  port = (upstream.address() as AddressInfo).port
})
afterAll(() => upstream.close())

let scene: MeshScene
beforeEach(async () => {
  scene = await openMeshScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

const networking = (kind: string, name: string, spec: object, namespace = 'default'): object => ({
  apiVersion: 'networking.istio.io/v1',
  kind,
  metadata: { name, namespace },
  spec,
})

const entry = (spec: object, namespace = 'default'): object =>
  networking('ServiceEntry', 'e', { ports: [{ number: 80, name: 'http', protocol: 'HTTP' }], ...spec }, namespace)

/** Status and body of an answer, or the code of what went wrong. */
async function answer(mesh: Mesh, url: string): Promise<string> {
  try {
    const response = await mesh.fetch(url)
    const refusal = response.headers.get('x-weft-error')
    return refusal === null ? `${response.status} ${await response.text()}` : `${response.status} ${refusal}`
  } catch (error) {
    return String(((error as Error).cause as { code?: string } | undefined)?.code)
  }
}

async function eventually(mesh: Mesh, url: string, expected: string): Promise<void> {
  let last = ''
  await poll(async () => {
    last = await answer(mesh, url)
    return last === expected
  }, `${url} answered with ${expected}`).catch(() => expect(last).toBe(expected))
}

describe('a service that nobody registers is called through the mesh', () => {
  test.each<[string, () => object, string]>([
    [
      'at written addresses',
      () => ({
        hosts: ['api.test'],
        resolution: 'STATIC',
        endpoints: [{ address: '127.0.0.1', ports: { http: port } }],
      }),
      'http://api.test/',
    ],
    [
      'at every address of a name',
      () => ({ hosts: ['api.test'], resolution: 'DNS', endpoints: [{ address: 'localhost', ports: { http: port } }] }),
      'http://api.test/',
    ],
    [
      'at whatever a name is at the moment',
      () => ({
        hosts: ['api.test'],
        resolution: 'DNS_ROUND_ROBIN',
        endpoints: [{ address: 'localhost', ports: { http: port } }],
      }),
      'http://api.test/',
    ],
    [
      'where the caller says',
      () => ({ hosts: ['localhost'], resolution: 'NONE', ports: [{ number: 80, name: 'http', targetPort: port }] }),
      'http://localhost/',
    ],
    [
      'by a wildcard',
      () => ({ hosts: ['*.test'], resolution: 'STATIC', endpoints: [{ address: '127.0.0.1', ports: { http: port } }] }),
      'http://api.test/',
    ],
    [
      'by its virtual address',
      () => ({
        hosts: ['api.test'],
        addresses: ['240.0.0.1'],
        resolution: 'STATIC',
        endpoints: [{ address: '127.0.0.1', ports: { http: port } }],
      }),
      'http://240.0.0.1/',
    ],
    [
      'by an address of its virtual subnet',
      () => ({
        hosts: ['api.test'],
        addresses: ['240.1.0.0/16'],
        resolution: 'STATIC',
        endpoints: [{ address: '127.0.0.1', ports: { http: port } }],
      }),
      'http://240.1.2.3/',
    ],
  ])('%s', async (_what, spec, url) => {
    await scene.apply(entry(spec()))
    const mesh = scene.join()
    await mesh.ready({ timeoutMs: 5_000 })
    // Such names do not exist elsewhere: whoever answers was reached through the mesh, with the Host as it was called.
    expect(await answer(mesh, url)).toBe(`200 ${new URL(url).host}`)
    const counted = await mesh.metrics.metrics()
    expect(counted).toMatch(/istio_requests_total\{[^}]*destination_service="(?:api\.test|localhost|\*\.test)"/)
  })

  test('with the routes, retries and timeouts of its host', async () => {
    const endpoints = [{ address: '127.0.0.1', ports: { http: port } }]
    const http = [
      { route: [{ destination: { host: 'api.test' } }], headers: { response: { set: { 'x-routed': 'yes' } } } },
    ]
    await scene.apply(
      entry({ hosts: ['api.test'], resolution: 'STATIC', endpoints }),
      networking('VirtualService', 'v', { hosts: ['api.test'], http }),
    )
    const mesh = scene.join()
    const response = await mesh.fetch('http://api.test/')
    expect(response.headers.get('x-routed')).toBe('yes')
  })

  test('over TLS as the caller starts it, for the name that the caller calls', async () => {
    const names: string[] = []
    const secure = createSecureServer(
      {
        ...SERVER,
        SNICallback(name, done) {
          names.push(name)
          done(null)
        },
      },
      (_request, response) => response.end('secure'),
    )
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve))
    const endpoints = [{ address: '127.0.0.1', ports: { tls: (secure.address() as AddressInfo).port } }]
    const ports = [{ number: 443, name: 'tls', protocol: 'HTTPS' }]
    await scene.apply(entry({ hosts: ['api.test'], resolution: 'STATIC', endpoints, ports }))
    // Its certificate is checked as without the mesh, and this machine does not trust who signed it.
    expect(await answer(scene.join(), 'https://api.test/')).toMatch(/^(?:UNABLE_TO|SELF_SIGNED|DEPTH_ZERO)/)
    expect(new Set(names)).toEqual(new Set(['api.test']))
    await new Promise((resolve) => secure.close(resolve))
  })

  test.each([
    [undefined, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [['pay.example.com'], '200 secure'],
  ])('over TLS that its rule asks for, where certificates are to name %j: %s', async (subjectAltNames, expected) => {
    const secure = createSecureServer(SERVER, (_request, response) => response.end('secure'))
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve))
    const endpoints = [{ address: '127.0.0.1', ports: { http: (secure.address() as AddressInfo).port } }]
    const tls = { mode: 'SIMPLE', caCertificates: certificate('ca.pem') }
    await scene.apply(
      entry({ hosts: ['api.test'], resolution: 'STATIC', endpoints, ...(subjectAltNames && { subjectAltNames }) }),
      destinationRule('api.test', { trafficPolicy: { tls } }),
    )
    expect(await answer(scene.join(), 'http://api.test/')).toBe(expected)
    await new Promise((resolve) => secure.close(resolve))
  })

  test('also a host that only a VirtualService knows', async () => {
    const endpoints = [{ address: '127.0.0.1', ports: { http: port } }]
    const http = [{ rewrite: { authority: 'api.test' }, route: [{ destination: { host: 'api.test' } }] }]
    await scene.apply(
      entry({ hosts: ['api.test'], resolution: 'STATIC', endpoints }),
      networking('VirtualService', 'v', { hosts: ['alias.test'], http }),
    )
    expect(await answer(scene.join(), 'http://alias.test/')).toBe('200 api.test')
  })

  test('by an alias', async () => {
    await scene.apply({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'db' },
      spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port: 80, targetPort: port }] },
    })
    expect(await answer(scene.join(), 'http://db/')).toBe('200 db')
  })

  test('by an alias of a service in another namespace', async () => {
    await scene.serve('web', 'v1', (_request, response) => response.end('web of prod'), { namespace: 'prod' })
    await scene.apply({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { type: 'ExternalName', externalName: 'web.prod.svc.cluster.local' },
    })
    expect(await answer(scene.join(), 'http://web/')).toBe('200 web of prod')
  })

  test('and shows in the list of services with its endpoints', async () => {
    const endpoints = [{ address: '127.0.0.1', ports: { http: port } }]
    await scene.apply(entry({ hosts: ['api.test'], resolution: 'STATIC', endpoints }))
    const { body: list } = await call(`${scene.control.url}/v1/services`, 'GET')
    expect(list.services).toMatchObject([{ host: 'api.test', namespace: 'default', endpointCount: 1 }])
    const { body: one } = await call(`${scene.control.url}/v1/services/default/api.test`, 'GET')
    expect(one).toMatchObject({
      host: 'api.test',
      endpoints: [{ address: '127.0.0.1', port, workload: { name: 'e' } }],
    })
  })
})

describe('a machine that does not register', () => {
  const service = (): object => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'vm' },
    spec: { selector: { app: 'vm' }, ports: [{ name: 'http', port: 80, targetPort: 9080 }] },
  })
  const machine = (labels: object): object =>
    networking('WorkloadEntry', 'one', { address: '127.0.0.1', ports: { http: port }, labels })

  test('serves the Service that selects it, from when to when it does', async () => {
    await scene.apply(service(), machine({ app: 'vm' }))
    const mesh = scene.join()
    expect(await answer(mesh, 'http://vm/')).toBe('200 vm')
    await scene.apply(machine({ app: 'other' }))
    await eventually(mesh, 'http://vm/', '503 WEFT_NO_HEALTHY_UPSTREAM')
    await scene.apply(machine({ app: 'vm' }))
    await eventually(mesh, 'http://vm/', '200 vm')
  })

  test('serves beside workloads that do', async () => {
    await scene.apply(service(), machine({ app: 'vm' }))
    await scene.serve('vm', 'v1', (_request, response) => response.end('registered'), { servicePort: 9080 })
    const mesh = scene.join()
    const seen = new Set<string>()
    await poll(async () => seen.add(await answer(mesh, 'http://vm/')).size === 2, 'an answer of each')
    expect([...seen].sort()).toEqual(['200 registered', '200 vm'])
  })
})

describe('what a workload may call', () => {
  const REFUSED = '502 WEFT_NOT_IN_REGISTRY'
  const endpoints = (): object => ({
    resolution: 'STATIC',
    endpoints: [{ address: '127.0.0.1', ports: { http: port } }],
  })
  const closed = (): object =>
    networking('Sidecar', 'default', { egress: [{ hosts: ['./*'] }], outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } })

  test('is what its Sidecar lets it, by every way to call', async () => {
    await scene.apply(
      entry({ hosts: ['api.test'], ...endpoints() }),
      entry({ hosts: ['far.test'], ...endpoints() }, 'far'),
      closed(),
    )
    const mesh = scene.join()
    expect(await answer(mesh, 'http://api.test/')).toBe('200 api.test')
    expect(await answer(mesh, 'http://far.test/')).toBe(REFUSED)
    expect(await answer(mesh, 'http://elsewhere.test/')).toBe(REFUSED)
    expect(await answer(mesh, 'https://10.0.0.1/')).toBe(REFUSED)
    // What is on the same machine is none of the mesh's business, as with Istio's redirection.
    expect(await answer(mesh, `http://127.0.0.1:${port}/`)).toBe(`200 127.0.0.1:${port}`)

    const { statusCode, headers, body } = await mesh.request('http://elsewhere.test/')
    expect([statusCode, headers['x-weft-error']]).toEqual([502, 'WEFT_NOT_IN_REGISTRY'])
    expect(await body.text()).toMatch(/elsewhere\.test.*REGISTRY_ONLY.*ServiceEntry/)

    const throughAgent = await new Promise<Error | number | undefined>((resolve) => {
      get('http://elsewhere.test/', { agent: mesh.agent('http:') }, (response) => {
        response.resume()
        resolve(response.statusCode)
      }).on('error', resolve)
    })
    expect(throughAgent).toMatchObject({ code: 'WEFT_NOT_IN_REGISTRY' })

    const socket = mesh.connect({ host: 'elsewhere.test', port: 80 })
    const failure = await new Promise<Error>((resolve) => socket.once('error', resolve))
    expect(failure).toMatchObject({ code: 'WEFT_NOT_IN_REGISTRY' })
  })

  test('changes while it runs, with the MeshConfig', async () => {
    await scene.apply(entry({ hosts: ['api.test'], ...endpoints() }))
    const mesh = scene.join()
    expect(await answer(mesh, 'http://elsewhere.test/')).toBe('ENOTFOUND')
    await scene.apply(meshConfig({ outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } }))
    await eventually(mesh, 'http://elsewhere.test/', REFUSED)
    expect(await answer(mesh, 'http://api.test/')).toBe('200 api.test')
    await scene.apply(meshConfig({ outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' }, defaultServiceExportTo: ['~'] }))
    await eventually(mesh, 'http://api.test/', REFUSED)
    await scene.apply(meshConfig({}))
    await eventually(mesh, 'http://elsewhere.test/', 'ENOTFOUND')
    await eventually(mesh, 'http://api.test/', '200 api.test')
  })

  test('is what is exported to its namespace', async () => {
    await scene.apply(entry({ hosts: ['api.test'], exportTo: ['.'], ...endpoints() }, 'prod'))
    const [inside, outside] = [scene.join({ namespace: 'prod' }), scene.join()]
    expect(await answer(inside, 'http://api.test/')).toBe('200 api.test')
    expect(await answer(outside, 'http://api.test/')).toBe('ENOTFOUND')
    await scene.apply(entry({ hosts: ['api.test'], exportTo: ['prod', 'default'], ...endpoints() }, 'prod'))
    await eventually(outside, 'http://api.test/', '200 api.test')
  })
})
