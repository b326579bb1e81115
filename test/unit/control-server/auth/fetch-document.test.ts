import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createFetchDocument } from '../../../../packages/control-server/src/auth/fetch-document.ts'
import { systemTimers } from '../../../../packages/control-server/src/kernel/timers.ts'

const fetchDocument = createFetchDocument(systemTimers)

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener)
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
}

const limits = { timeoutMs: 300, maxBytes: 1_000 }

test('a document is fetched with the credential that it needs', async () => {
  const url = await serve(({ headers }, response) => response.end(`for ${headers.authorization}`))
  expect(await fetchDocument(url, { ...limits, token: 'abc' })).toBe('for Bearer abc')
})

test.each<[string, RequestListener, RegExp]>([
  ['leads elsewhere', (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(), /302/],
  ['fails', (_, response) => response.writeHead(500).end(), /500/],
  ['is huge', (_, response) => void response.end('x'.repeat(2_000)), /larger than 1000 bytes/],
  ['never ends', (_, response) => void response.write('x'), /300 ms|aborted/],
  ['never begins', () => undefined, /300 ms/],
  [
    'breaks off',
    (_, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('x')
      setImmediate(() => response.destroy())
    },
    /aborted|hang up|ECONNRESET/,
  ],
])('a server that %s gives nothing', async (_, listener, reason) => {
  await expect(fetchDocument(await serve(listener), limits)).rejects.toThrow(reason)
})

test('a server that is endless is cut off at the limit', async () => {
  let sent = 0
  const url = await serve((_, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(10_000))) sent += 10_000
    }
    response.on('drain', more)
    more()
  })
  await expect(fetchDocument(url, { timeoutMs: 10_000, maxBytes: 100_000 })).rejects.toThrow(/larger/)
  expect(sent).toBeLessThan(50_000_000)
})

test('a server that is down gives nothing', async () => {
  const url = await serve(() => undefined)
  await new Promise((resolve) => server?.close(resolve))
  await expect(fetchDocument(url, limits)).rejects.toThrow(/ECONNREFUSED/)
})
