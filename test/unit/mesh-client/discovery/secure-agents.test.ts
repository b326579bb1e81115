import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { createControlTransport } from '../../../../packages/mesh-client/src/discovery/control-transport.ts'
import { systemTimers } from '../../../../packages/mesh-client/src/kernel/timers.ts'
import { createTestCa } from '../../../support/test-ca.ts'

const ca = createTestCa()
const ends: (() => unknown)[] = []

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** Answers with who asks, and holds `/stream` open. */
async function start(): Promise<{ readonly url: string; readonly connections: () => number }> {
  const { certificate: cert, privateKey: key } = ca.leaf({ dnsNames: ['localhost'] })
  let connections = 0
  const server: Server = createServer(
    { cert, key, ca: ca.root, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const { subjectaltname } = (request.socket as TLSSocket).getPeerCertificate()
      if (request.url === '/stream') return void response.writeHead(200).write(': here\n\n')
      response.end(`${subjectaltname ?? 'nobody'} ${request.headers.authorization ?? 'no token'}`)
    },
  )
  server.on('secureConnection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `https://localhost:${(server.address() as AddressInfo).port}`, connections: () => connections }
}

function transportOf(options: () => object, token: () => Promise<string | undefined> = async () => 't') {
  const transport = createControlTransport({ token, timers: systemTimers, tls: async () => options() })
  ends.push(() => transport.close())
  return transport
}

const asks = (url: string) => ({ method: 'GET', url, timeoutMs: 5_000 }) as const

describe('connections to a control server', () => {
  test('are kept while nothing changes, and made anew with another identity, of which the stream knows nothing', async () => {
    const { url, connections } = await start()
    let options: object = { ca: ca.root }
    const transport = transportOf(() => options)
    const { body } = await transport.stream(`${url}/stream`, { headers: {} })
    const reader = body.getReader()
    await reader.read()
    expect((await transport.send(asks(url))).text).toBe('nobody Bearer t')
    expect((await transport.send(asks(url))).text).toBe('nobody Bearer t')
    expect(connections()).toBe(2)
    const { certificate: cert, privateKey: key, uri } = ca.leaf({ serviceAccount: 'reviews' })
    options = { ca: ca.root, cert, key }
    expect((await transport.send(asks(url))).text).toBe(`URI:${uri} Bearer t`)
    expect(connections()).toBe(3)
    const next = reader.read()
    await expect(Promise.race([next, Promise.resolve('still open')])).resolves.toBe('still open')
    transport.close()
    await expect(next).rejects.toThrow()
  })

  test('leave the token out where that is asked for, and where it cannot be read but a certificate is shown', async () => {
    const { url } = await start()
    const { certificate: cert, privateKey: key, uri } = ca.leaf()
    const unreadable = async (): Promise<string> => {
      throw new Error('the token file is gone')
    }
    const withCertificate = () => SAME
    const SAME = { ca: ca.root, cert, key }
    expect((await transportOf(withCertificate, unreadable).send(asks(url))).text).toBe(`URI:${uri} no token`)
    const answer = await transportOf(withCertificate).send({ ...asks(url), withoutToken: true })
    expect(answer.text).toBe(`URI:${uri} no token`)
    const bare = transportOf(() => ({ ca: ca.root }), unreadable)
    await expect(bare.send(asks(url))).rejects.toThrow('the token file is gone')
  })

  test('to one that nobody here knows fail with what to do', async () => {
    const { url } = await start()
    await expect(transportOf(() => ({})).send(asks(url))).rejects.toThrow(
      /name the mesh's CA by caFile or caFingerprint/,
    )
  })

  test('are not made where whom to trust cannot be told, nor after the end', async () => {
    const { url, connections } = await start()
    const refusing = transportOf(() => {
      throw new Error('it is not the one that is pinned')
    })
    await expect(refusing.send(asks(url))).rejects.toThrow('not the one that is pinned')
    const transport = transportOf(() => ({ ca: ca.root }))
    transport.close()
    await expect(transport.send(asks(url))).rejects.toThrow('closed')
    expect(connections()).toBe(0)
  })
})
