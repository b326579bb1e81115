import type { ServerHttp2Stream } from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { frameOf } from '../../packages/mesh-client/src/kernel/grpc-frame.ts'
import { callPlain, grpcPair, type Seen } from '../support/grpc-pair.ts'
import { startHttp2Upstream } from '../support/http2-upstream.ts'

/** What a server does to one stream. */
interface Plan {
  readonly httpStatus: number
  readonly messages: readonly { readonly text: string; readonly gzip: boolean }[]
  /** How much of the messages is sent, of 1; and into how many pieces it is cut. */
  readonly share: number
  readonly pieces: number
  readonly slowly: boolean
  readonly end: 'trailers' | 'nothing' | 'reset' | 'head only'
  readonly trailers: Record<string, string>
  readonly resetCode: number
  /** Waits for the end of the request first. */
  readonly polite: boolean
}

const plans: fc.Arbitrary<Plan> = fc.record({
  httpStatus: fc.constantFrom(200, 200, 200, 200, 404, 503),
  messages: fc.array(fc.record({ text: fc.string({ maxLength: 30 }), gzip: fc.boolean() }), { maxLength: 5 }),
  share: fc.constantFrom(1, 1, 1, 1, 0.5, 0.9),
  pieces: fc.integer({ min: 1, max: 8 }),
  slowly: fc.boolean(),
  end: fc.constantFrom('trailers', 'trailers', 'trailers', 'nothing', 'reset', 'head only'),
  trailers: fc.record(
    {
      'grpc-status': fc.constantFrom('0', '0', '2', '5', '14', '16'),
      'grpc-message': fc.constantFrom('why', 'a%20b', '%'),
      'x-bin': fc.constant('AAE'),
    },
    { requiredKeys: ['grpc-status'] },
  ) as fc.Arbitrary<Record<string, string>>,
  resetCode: fc.constantFrom(1, 2, 3, 8, 11, 12),
  polite: fc.boolean(),
})

async function follow(plan: Plan, stream: ServerHttp2Stream): Promise<void> {
  if (plan.polite) {
    stream.resume()
    await new Promise((resolve) => stream.once('end', resolve))
  }
  const head = { ':status': plan.httpStatus, 'content-type': 'application/grpc', 'grpc-encoding': 'gzip' }
  if (plan.end === 'head only') {
    stream.respond({ ...head, ...plan.trailers }, { endStream: true })
    return
  }
  stream.respond(head, { waitForTrailers: plan.end === 'trailers' })
  stream.on('wantTrailers', () => stream.sendTrailers(plan.trailers))
  const all = Buffer.concat(
    plan.messages.map(({ text, gzip }) => frameOf(gzip ? gzipSync(text) : Buffer.from(text), gzip)),
  )
  const sent = all.subarray(0, Math.ceil(all.length * plan.share))
  const size = Math.ceil(sent.length / plan.pieces)
  for (let at = 0; at < sent.length && !stream.destroyed; at += size) {
    stream.write(sent.subarray(at, at + size))
    if (plan.slowly) await sleep(1)
  }
  if (plan.end === 'reset') {
    await sleep(15)
    stream.close(plan.resetCode)
  } else if (!stream.destroyed) stream.end()
}

/** Messages that nobody has read before a call fails are lost in both, and how many those are is a matter of time. */
function comparable({ trailers, messages, ...seen }: Seen): object {
  const { 'x-weft-error': code, 'x-weft-response-flags': flags, ...others } = trailers
  return { ...seen, trailers: others, messages: seen.code === 0 ? messages : 'those that were read' }
}

test('whatever a server does to a stream, a caller sees the same through the mesh as through grpc-js', async () => {
  let plan: Plan | undefined
  await using upstream = await startHttp2Upstream((stream) => void follow(plan as Plan, stream))
  await using pair = grpcPair(upstream.endpoint.port, () => undefined)
  const { bare, mesh } = pair.clients()
  await fc.assert(
    fc.asyncProperty(plans, fc.constantFrom('serverStream' as const, 'bidi' as const), async (given, kind) => {
      plan = given
      const expected = await callPlain(bare, kind, { deadline: Date.now() + 5_000 })
      const seen = await callPlain(mesh, kind, { deadline: Date.now() + 5_000 })
      expect(comparable(seen)).toEqual(comparable(expected))
      const sent = given.messages.map(({ text }) => Buffer.from(text).toString('latin1'))
      expect(seen.messages).toEqual(sent.slice(0, seen.messages.length))
    }),
    { numRuns: 60 },
  )
})
