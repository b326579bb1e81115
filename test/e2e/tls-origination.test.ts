import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import { createServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import type { Mesh } from '@weft/mesh-client'
import { describe, expect, test } from 'vitest'
import { call } from '../support/control-server.ts'
import { destinationRule, type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'

const certificate = (name: string): string => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url))

const SERVER = {
  key: readFileSync(certificate('server.key')),
  cert: readFileSync(certificate('server.pem')),
  ca: readFileSync(certificate('ca.pem')),
}

type Tls = Readonly<Record<string, unknown>>

interface Outside extends AsyncDisposable {
  readonly scene: MeshScene
  readonly caller: Mesh
  /** Where the server listens. */
  readonly port: number
  /** What the server saw of each connection's name and client. */
  readonly seen: { readonly sni: unknown; readonly client: string | undefined }[]
  /** Calls the service with the settings of a DestinationRule. */
  ask(tls: Tls): Promise<string>
  again(): Promise<string>
}

/** A service that speaks TLS and is not of the mesh, registered as `pay`. */
async function outside(protocol: 'http' | 'http2' = 'http', mutual = false): Promise<Outside> {
  const seen: Outside['seen'] = []
  const options = { ...SERVER, requestCert: true, rejectUnauthorized: mutual, allowHTTP1: false }
  const answer = (request: { httpVersion: string }, response: { end(text: string): unknown }): void => {
    response.end(`hello over ${request.httpVersion}`)
  }
  const server: Server = protocol === 'http' ? createServer(options, answer) : createSecureServer(options, answer)
  server.on('secureConnection', (socket: TLSSocket) => {
    const { subject } = socket.getPeerCertificate()
    seen.push({ sni: socket.servername, client: subject?.CN as string | undefined })
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const scene = await openMeshScene()
  const { port: listenPort } = server.address() as AddressInfo
  const { status } = await call(`${scene.control.url}/v1/workloads/pay-1`, 'PUT', {
    service: 'pay',
    namespace: 'default',
    address: '127.0.0.1',
    ports: [{ name: protocol, servicePort: 80, port: 80, listenPort, protocol }],
    labels: { app: 'pay' },
    serviceAccount: 'default',
    locality: '',
    weight: 1,
  })
  expect(status).toBe(200)
  const caller = scene.join({ service: 'caller' })
  await caller.ready({ timeoutMs: 10_000 })
  const again = async (): Promise<string> => {
    try {
      const response = await caller.request('http://pay/', { method: 'POST' })
      return `${response.statusCode} ${await response.body.text()}`
    } catch (error) {
      return `${(error as { code?: string }).code} ${(error as Error).message}`
    }
  }
  return {
    scene,
    caller,
    port: listenPort,
    seen,
    again,
    async ask(tls) {
      await scene.apply(destinationRule('pay', { trafficPolicy: { tls } }))
      return again()
    },
    async [Symbol.asyncDispose]() {
      await scene[Symbol.asyncDispose]()
      server.close()
    },
  }
}

describe('TLS that a DestinationRule starts', () => {
  const ca = { caCertificates: certificate('ca.pem') }

  test('verifies the server by authority and name, and asks for the name', async () => {
    await using pay = await outside()
    expect(await pay.ask({ mode: 'SIMPLE', sni: 'pay.example.com', ...ca })).toBe('200 hello over 1.1')
    expect(pay.seen.at(-1)).toEqual({ sni: 'pay.example.com', client: undefined })
    expect(await pay.ask({ mode: 'SIMPLE', ...ca })).toMatch(/^ERR_TLS_CERT_ALTNAME_INVALID/)
    const other = { mode: 'SIMPLE', sni: 'pay.example.com', caCertificates: certificate('other-ca.pem') }
    expect(await pay.ask(other)).toMatch(/^(UNABLE|SELF_SIGNED|DEPTH)/)
    expect(await pay.ask({ mode: 'SIMPLE', insecureSkipVerify: true })).toBe('200 hello over 1.1')
  })

  test('takes names of the certificate that the rule lists instead, of any kind', async () => {
    await using pay = await outside()
    const names = (subjectAltNames: string[]): Tls => ({ mode: 'SIMPLE', sni: 'x.example.com', ...ca, subjectAltNames })
    expect(await pay.ask(names(['spiffe://cluster.local/ns/default/sa/pay']))).toBe('200 hello over 1.1')
    expect(await pay.ask(names(['no.example.com', 'pay.example.com']))).toBe('200 hello over 1.1')
    expect(await pay.ask(names(['no.example.com']))).toMatch(/names pay\.example\.com.*none of.*no\.example\.com/)
  })

  test('shows a certificate where it is mutual, over HTTP/2 as well', async () => {
    for (const protocol of ['http', 'http2'] as const) {
      await using pay = await outside(protocol, true)
      const mutual = {
        mode: 'MUTUAL',
        sni: 'pay.example.com',
        ...ca,
        clientCertificate: certificate('client.pem'),
        privateKey: certificate('client.key'),
      }
      expect(await pay.ask(mutual)).toBe(`200 hello over ${protocol === 'http' ? '1.1' : '2.0'}`)
      expect(pay.seen.at(-1)).toEqual({ sni: 'pay.example.com', client: 'client' })
      expect(await pay.ask({ mode: 'SIMPLE', sni: 'pay.example.com', ...ca })).not.toMatch(/^200/)
      const closing = performance.now()
      await pay.caller.close({ timeoutMs: 2_000 })
      expect(performance.now() - closing).toBeLessThan(1_000)
    }
  })

  test('fails a call with the name of a file that cannot be used, blames nobody, and heals with the file', async () => {
    await using pay = await outside()
    const folder = mkdtempSync(path.join(tmpdir(), 'weft-tls-'))
    try {
      const file = path.join(folder, 'ca.pem')
      const rule = { mode: 'SIMPLE', sni: 'pay.example.com', caCertificates: file }
      expect(await pay.ask(rule)).toMatch(/^ENOENT cannot read caCertificates of trafficPolicy.tls at .*ca\.pem/)
      for (let n = 0; n < 6; n++) expect(await pay.again()).toMatch(/^ENOENT/)
      writeFileSync(file, '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n')
      expect(await pay.again()).toMatch(/trafficPolicy\.tls cannot use what is in .*ca\.pem/)
      copyFileSync(certificate('ca.pem'), file)
      await poll(async () => (await pay.again()) === '200 hello over 1.1', 'the call with the mended file')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('is not asked of an endpoint that offers another protocol', async () => {
    await using pay = await outside('http2')
    await pay.scene.apply(destinationRule('pay', {}))
    expect(await pay.ask({ mode: 'SIMPLE', sni: 'pay.example.com', ...ca })).toBe('200 hello over 2.0')
    await using old = await outside('http')
    const rule = {
      trafficPolicy: {
        tls: { mode: 'SIMPLE', sni: 'pay.example.com', ...ca },
        connectionPool: { http: { h2UpgradePolicy: 'UPGRADE' } },
      },
    }
    await old.scene.apply(destinationRule('pay', rule))
    expect(await old.again()).toMatch(/does not offer HTTP\/2 over TLS/)
  })

  test('is started for a ServiceEntry outside of the mesh, by the name that was called', async () => {
    await using pay = await outside('http2')
    await pay.scene.apply(
      {
        apiVersion: 'networking.istio.io/v1',
        kind: 'ServiceEntry',
        metadata: { name: 'pay-outside' },
        spec: {
          hosts: ['pay.example.com'],
          location: 'MESH_EXTERNAL',
          resolution: 'STATIC',
          ports: [{ number: 80, name: 'http2', protocol: 'HTTP2', targetPort: pay.port }],
          endpoints: [{ address: '127.0.0.1' }],
        },
      },
      {
        apiVersion: 'networking.istio.io/v1',
        kind: 'DestinationRule',
        metadata: { name: 'pay-outside' },
        spec: { host: 'pay.example.com', trafficPolicy: { tls: { mode: 'SIMPLE', ...ca } } },
      },
    )
    await poll(async () => {
      const response = await pay.caller.fetch('http://pay.example.com/x')
      return (await response.text()) === 'hello over 2.0'
    }, 'the service outside')
    expect(pay.seen.at(-1)?.sni).toBe('pay.example.com')
  })
})
