import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sniffHttp2 } from '../../../../../packages/mesh-client/src/http/inbound/preface.ts'

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

interface Seen {
  readonly isHttp2: boolean
  readonly text: string
}

/** What is decided, and what can be read after, when these pieces come one by one. `undefined`: the connection is closed. */
async function sniffed(pieces: readonly string[]): Promise<Seen | undefined> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').setNoDelay(true)
  client.on('error', () => undefined)
  const socket = await accepted
  const seen = new Promise<Seen | undefined>((resolve) => {
    socket.once('close', () => resolve(undefined))
    sniffHttp2(socket, 5_000, (isHttp2) => {
      let text = ''
      socket.on('data', (chunk) => {
        text += String(chunk)
      })
      socket.on('end', () => resolve({ isHttp2, text }))
    })
  })
  for (const piece of pieces) {
    client.write(piece)
    await new Promise((resolve) => setImmediate(resolve))
  }
  client.end()
  const result = await seen
  client.destroy()
  server.close()
  return result
}

/** A text cut at any places. */
const cut = (text: string): fc.Arbitrary<string[]> =>
  fc.uniqueArray(fc.integer({ min: 1, max: text.length - 1 }), { maxLength: 5 }).map((places) => {
    const sorted = [0, ...places.toSorted((a, b) => a - b), text.length]
    return sorted.slice(1).map((end, index) => text.slice(sorted[index], end))
  })

test('HTTP/2 is known by its preface, however it is cut, and nothing of it is lost', async () => {
  const whole = `${PREFACE}rest`
  await fc.assert(
    fc.asyncProperty(cut(whole), async (pieces) => {
      expect(await sniffed(pieces)).toEqual({ isHttp2: true, text: whole })
    }),
    { numRuns: 25 },
  )
})

test.each([
  'GET / HTTP/1.1\r\n\r\n',
  'PRI * HTTP/1.1\r\n\r\n',
  'P',
  'PUT /x HTTP/1.1\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nXX',
])('%j is not', async (text) => {
  const seen = await sniffed([...text])
  // What is only the beginning of either and then ends is closed.
  if (PREFACE.startsWith(text)) expect(seen).toBeUndefined()
  else expect(seen).toEqual({ isHttp2: false, text })
})
