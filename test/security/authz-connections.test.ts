import { createServer, type Socket } from 'node:net'
import type { Rbac } from '@weft/mesh-protocol'
import { expect, test } from 'vitest'
import { inboundHarness, inboundPolicy } from '../support/inbound.ts'
import { poll } from '../support/poll.ts'
import { rawConnection } from '../support/raw-http.ts'

async function served(tcpAuthorization: Rbac | undefined) {
  const harness = inboundHarness()
  harness.policy.set({
    inbound: { ...inboundPolicy([]), ...(tcpAuthorization === undefined ? {} : { tcpAuthorization }) },
  })
  const seen: Socket[] = []
  const server = await harness.inbound.serve(
    createServer((socket) => {
      seen.push(socket)
      socket.end('hello')
    }),
    { host: '127.0.0.1', protocol: 'tcp', servicePort: 6379 },
  )
  const say = async (text: string): Promise<string> => {
    const connection = await rawConnection(server.port, text)
    await connection.closed
    return connection.text
  }
  return { harness, seen, say, [Symbol.asyncDispose]: () => harness[Symbol.asyncDispose]() }
}

test('a connection that is denied is closed before the application has it, and written down', async () => {
  await using service = await served({ deny: [{ name: 'ns/no', rules: [{ destinationPort: 6379 }] }] })
  expect(await service.say('PING\r\n')).toBe('')
  expect(service.seen).toEqual([])
  await poll(() => service.harness.audited.length === 1, 'the entry')
  expect(service.harness.audited[0]).toMatchObject({
    decision: 'denied',
    policy: 'ns/no',
    protocol: 'tcp',
    port: 6379,
    remoteAddress: '127.0.0.1',
    method: undefined,
  })
})

test.each<[string, Rbac | undefined, string]>([
  ['no policy', undefined, 'hello'],
  ['another port', { deny: [{ name: 'ns/no', rules: [{ destinationPort: 80 }] }] }, 'hello'],
  [
    'an address that is allowed',
    { allow: [{ name: 'ns/a', rules: [{ directRemoteIp: { addressPrefix: '127.0.0.0', prefixLen: 8 } }] }] },
    'hello',
  ],
  ['nothing that is allowed', { allow: [{ name: 'ns/a', rules: [] }] }, ''],
  ['only identities', { allow: [{ name: 'ns/a', rules: [{ authenticated: { present: true } }] }] }, ''],
  ['a path, which it has not', { allow: [{ name: 'ns/a', rules: [{ urlPath: { prefix: '/' } }] }] }, ''],
  ['a provider that nobody knows', { custom: [{ name: 'ns/c', rules: [{ any: true }], provider: 'x' }] }, ''],
])('%s', async (_, rbac, expected) => {
  await using service = await served(rbac)
  expect(await service.say('PING\r\n')).toBe(expected)
  expect(service.seen).toHaveLength(expected === '' ? 0 : 1)
})
