import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { outboundHarness, startUpstream } from '../support/outbound.ts'

const CHUNK = Buffer.alloc(65_536, 'weft')
const CHUNKS = 1_000
const BYTES = CHUNK.length * CHUNKS
/** Far more than the garbage of a stream, far less than a body that is held. */
const LARGE_CHUNKS = 8_000
const ROOM = 250 * 1024 * 1024

function chunks(count: number, onChunk: () => void = () => undefined): Readable {
  let sent = 0
  return new Readable({
    read() {
      onChunk()
      this.push(sent++ < count ? CHUNK : null)
    },
  })
}

/** Largest resident size while an action runs, above that at its start. */
async function growth(action: () => Promise<void>): Promise<number> {
  const start = process.memoryUsage.rss()
  let peak = start
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }, 5)
  await action().finally(() => clearInterval(timer))
  return peak - start
}

function repeats(chunk: Buffer, from: number): boolean {
  const pattern = Buffer.alloc(chunk.length + 4, 'weft')
  return chunk.equals(pattern.subarray(from % 4, (from % 4) + chunk.length))
}

describe('large bodies', () => {
  test('go up and down in bounded memory', async () => {
    await using upstream = await startUpstream(
      (request, response) => {
        request.pipe(response)
      },
      { early: true },
    )
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    const bytes = LARGE_CHUNKS * CHUNK.length
    let received = 0
    let intact = true
    const grown = await growth(async () => {
      const body = chunks(LARGE_CHUNKS)
      const response = await mesh.outbound.request('http://reviews/', { method: 'POST', body })
      for await (const chunk of response.body as AsyncIterable<Buffer>) {
        // The body repeats every four bytes.
        intact &&= repeats(chunk, received)
        received += chunk.length
      }
    })
    expect([received, intact]).toEqual([bytes, true])
    expect(grown).toBeLessThan(ROOM)
    expect(mesh.recorder.calls[0]?.requestBytes).toBeGreaterThanOrEqual(bytes)
    expect(mesh.recorder.calls[0]?.responseBytes).toBeGreaterThanOrEqual(bytes)
  })

  test('a reader that does not read holds the server back', async () => {
    let sent = 0
    await using upstream = await startUpstream((_request, response) => {
      chunks(CHUNKS, () => sent++).pipe(response)
    })
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    for (const way of ['fetch', 'request'] as const) {
      sent = 0
      const response = await mesh.outbound[way]('http://reviews/')
      await sleep(200)
      expect(sent).toBeLessThan(CHUNKS / 2)
      let received = 0
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) received += chunk.length
      expect(received).toBe(BYTES)
    }
  })

  test('a server that does not read holds the source back', async () => {
    await using upstream = await startUpstream((request) => void request.pause(), { early: true })
    await using mesh = outboundHarness({ endpoints: [upstream.endpoint] })
    let taken = 0
    const controller = new AbortController()
    const body = chunks(CHUNKS, () => taken++)
    const call = mesh.outbound.request('http://reviews/', { method: 'POST', body, signal: controller.signal })
    await sleep(300)
    expect(taken).toBeGreaterThan(10)
    expect(taken).toBeLessThan(CHUNKS / 2)
    controller.abort()
    await expect(call).rejects.toThrow('aborted')
    expect(body.destroyed).toBe(true)
  })
})
