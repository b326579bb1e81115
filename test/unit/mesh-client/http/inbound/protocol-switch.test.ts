import { Server } from 'node:http'
import { createServer } from 'node:http2'
import { expect, test, vi } from 'vitest'
import { inboundHarness } from '../../../../support/inbound.ts'
import { poll } from '../../../../support/poll.ts'
import { rawConnection } from '../../../../support/raw-http.ts'

test('Node watches over the time of HTTP/1.1 requests to an http2.Server', async () => {
  const application = createServer((_request, response) => response.end())
  await using harness = inboundHarness()
  const emit = vi.spyOn(Server.prototype, 'emit')
  const { port } = await harness.inbound.serve(application, { host: '127.0.0.1' })
  const connection = await rawConnection(port, 'GET / HTTP/1.1\r\n')
  const taken = (): number => emit.mock.calls.findIndex(([event]) => String(event) === 'connection')
  await poll(() => taken() >= 0, 'the connection')
  const server = emit.mock.contexts[taken()] as Server | undefined
  emit.mockRestore()
  // Only of connections whose time Node looks at does it know them all.
  server?.closeAllConnections()
  await connection.closed
  expect(server?.listening).toBe(false)
})
