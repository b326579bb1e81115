import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { inboundHarness } from '../support/inbound.ts'
import { ask, mtlsPolicy } from '../support/mesh-tls.ts'
import { self } from '../support/mtls-scene.ts'
import { fakeIdentity } from '../support/test-ca.ts'

async function listening(): Promise<{ readonly server: Server; readonly dial: () => Promise<Socket> }> {
  const server = createServer((_request, response) => response.end('hello'))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const dial = async (): Promise<Socket> => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    await once(socket, 'connect')
    return socket
  }
  return { server, dial }
}

test('a connection that is older than the mesh before its server is plaintext, which STRICT refuses', async () => {
  const { server, dial } = await listening()
  const socket = await dial()
  expect((await ask(socket)).body).toBe('hello')
  await using harness = inboundHarness({ identity: fakeIdentity(self()) })
  harness.policy.set({ inbound: mtlsPolicy({ mode: 'STRICT' }) })
  await harness.inbound.serve(server)
  await expect(ask(socket)).rejects.toThrow()
})

test('and one of which nothing has come since does not hold a server up that is closed', async () => {
  const { server, dial } = await listening()
  const socket = await dial()
  socket.on('error', () => undefined)
  socket.write('GET / HTTP/1.1\r\n')
  await ask(await dial())
  const harness = inboundHarness()
  await harness.inbound.serve(server)
  await harness.inbound.close({ timeoutMs: 0 })
  expect(server.listening).toBe(false)
})
