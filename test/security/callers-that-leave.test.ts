import { once } from 'node:events'
import { connect } from 'node:net'
import type { Rbac } from '@weft/mesh-protocol'
import { expect, test } from 'vitest'
import type { ServeOptions } from '../../packages/mesh-client/src/http/inbound/mesh-server.ts'
import { tcpAuthorizer } from '../../packages/mesh-client/src/inbound/authz/authorize-tcp.ts'
import { compileInboundRules } from '../../packages/mesh-client/src/inbound/inbound-rules.ts'
import type { AuditEvent } from '../../packages/mesh-client/src/kernel/audit-event.ts'
import { systemClock } from '../../packages/mesh-client/src/kernel/clock.ts'
import { guardedServer } from '../support/guarded-server.ts'
import { inboundPolicy } from '../support/inbound.ts'
import { poll } from '../support/poll.ts'

const NOT_FROM_HERE: Rbac = {
  deny: [{ name: 'ns/here', rules: [{ directRemoteIp: { addressPrefix: '127.0.0.0', prefixLen: 8 } }] }],
}
const DENIED = { decision: 'denied', remoteAddress: '', reason: 'its caller has left, and nobody knows from where' }

/** The server reads what was sent when the connection has already been reset, and its address is gone. */
async function sayAndReset(port: number, text: string): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(text)
  socket.resetAndDestroy()
}

test.each<ServeOptions['protocol']>(['http', 'http2'])(
  'who resets its connection behind a request does not pass what denies its address: %s',
  async (protocol) => {
    await using server = await guardedServer({ authorization: NOT_FROM_HERE }, { protocol })
    await sayAndReset(server.port, 'DELETE /all HTTP/1.1\r\nHost: a\r\n\r\n')
    await poll(() => server.harness.audited.length === 1, 'the entry')
    expect(server.harness.audited[0]).toMatchObject(DENIED)
    expect(server.seen).toEqual([])
  },
)

test('nor does a connection that is not looked into', async () => {
  const rules = compileInboundRules({ ...inboundPolicy([]), tcpAuthorization: NOT_FROM_HERE })
  if (!rules.ok) throw new Error('the policy cannot be compiled')
  const audited: AuditEvent[] = []
  const authorize = tcpAuthorizer(() => rules.value, {
    clock: systemClock,
    ask: () => Promise.reject(new Error('nobody is asked')),
    tell: () => undefined,
    audit: (event) => void audited.push(event),
  })
  const gone = { remoteAddress: '', localAddress: '', sni: undefined, peerUri: undefined, isOwnProbe: false }
  expect(authorize(gone, { servicePort: 6379, port: 6379 })).toBe(false)
  expect(audited).toMatchObject([DENIED])
})
