import { setImmediate as turn } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { describe, expect, test } from 'vitest'
import { GrpcStream } from '../../../../../packages/mesh-client/src/grpc/client/stream.ts'
import type { StreamListener } from '../../../../../packages/mesh-client/src/grpc/client/stream-types.ts'
import type { StreamStatus } from '../../../../../packages/mesh-client/src/grpc/wire/stream-status.ts'
import { frameOf } from '../../../../../packages/mesh-client/src/kernel/grpc-frame.ts'

/** The engine, as a test plays it. */
function play(options: { readonly maxBytes?: number; readonly mayOpenAgain?: StreamListener['mayOpenAgain'] } = {}) {
  const told: string[] = []
  const statuses: StreamStatus[] = []
  const bodies: unknown[] = []
  const calls: string[] = []
  const controller = {
    headOnly: false,
    pause: () => void calls.push('pause'),
    resume: () => void calls.push('resume'),
    abort: () => void calls.push('abort'),
  } as unknown as Dispatcher.DispatchController
  const dispatcher = {
    dispatch({ body }: { body: unknown }, handler: Dispatcher.DispatchHandler) {
      bodies.push(body)
      handler.onRequestStart?.(controller, null)
      return true
    },
  } as unknown as Dispatcher
  const listener: StreamListener = {
    onHeaders: (headers) => void told.push(`headers ${Object.keys(headers).join()}`),
    onFrame: (frame) => void told.push(frame.subarray(5).toString().slice(0, 10)),
    onStatus(status) {
      told.push(`status ${status.code}`)
      statuses.push(status)
    },
    ...(options.mayOpenAgain !== undefined && { mayOpenAgain: options.mayOpenAgain }),
  }
  const stream = new GrpcStream(dispatcher, listener, options.maxBytes ?? -1)
  const open = (): void => stream.open({ origin: 'http://greeter', path: '/a.B/C', headers: [] })
  return { stream, told, statuses, bodies, calls, controller, open }
}

const headOnly = (controller: Dispatcher.DispatchController): Dispatcher.DispatchController =>
  Object.assign(controller, { headOnly: true })

const frame = (text: string): Buffer => frameOf(Buffer.from(text), false)

describe('the request of a stream', () => {
  test('that is complete is one piece', () => {
    const { stream, bodies, open } = play()
    stream.send(frame('one'))
    stream.send(frame('two'))
    stream.halfClose()
    open()
    expect(bodies).toEqual([Buffer.concat([frame('one'), frame('two')])])
  })

  test('that goes on is taken piece by piece, and each sender hears when the next is asked for', async () => {
    const { stream, bodies, open } = play()
    const sent: string[] = []
    stream.send(frame('one'), () => sent.push('one'))
    open()
    const body = (bodies[0] as AsyncIterable<Buffer>)[Symbol.asyncIterator]()
    expect(await body.next()).toEqual({ done: false, value: frame('one') })
    await turn()
    expect(sent).toEqual([])
    const next = body.next()
    await turn()
    expect(sent).toEqual(['one'])
    stream.send(frame('two'), () => sent.push('two'))
    expect(await next).toEqual({ done: false, value: frame('two') })
    stream.halfClose()
    expect(await body.next()).toEqual({ done: true, value: undefined })
    await turn()
    expect(sent).toEqual(['one', 'two'])
  })

  test('lets every sender go on when the stream ends', async () => {
    const { stream, open, told } = play()
    const sent: string[] = []
    open()
    stream.send(frame('one'), () => sent.push('one'))
    stream.send(frame('two'), () => sent.push('two'))
    stream.cancel(1, 'enough')
    stream.send(frame('three'), () => sent.push('three'))
    await turn()
    expect(sent).toEqual(['one', 'two', 'three'])
    expect(told).toEqual(['status 1'])
  })
})

describe('the response of a stream', () => {
  test('gives a message for each time that it is asked, and its status when all are read', async () => {
    const { stream, told, controller, open } = play()
    open()
    stream.onResponseStart(controller, 200, { 'x-a': 'b' })
    stream.onResponseData(controller, Buffer.concat([frame('one'), frame('two')]))
    stream.onResponseEnd(controller, { 'grpc-status': '0' })
    await turn()
    expect(told).toEqual(['headers x-a'])
    stream.read()
    expect(told).toEqual(['headers x-a'])
    await turn()
    expect(told).toEqual(['headers x-a', 'one'])
    stream.read()
    await turn()
    expect(told).toEqual(['headers x-a', 'one', 'two', 'status 0'])
  })

  test('does not tell what nobody has read of a call that has failed', async () => {
    const { stream, told, controller, open } = play()
    open()
    stream.onResponseStart(controller, 200, {})
    stream.onResponseData(controller, Buffer.concat([frame('one'), frame('two')]))
    stream.read()
    stream.onResponseEnd(controller, { 'grpc-status': '9' })
    await turn()
    expect(told).toEqual(['headers ', 'status 9'])
  })

  test('is held up where nobody reads, and goes on when all is read', async () => {
    const { stream, told, calls, controller, open } = play()
    open()
    stream.onResponseStart(controller, 200, {})
    stream.onResponseData(controller, frame('a'.repeat(40_000)))
    expect(calls).toEqual([])
    stream.onResponseData(controller, frame('b'.repeat(40_000)))
    expect(calls).toEqual(['pause'])
    stream.read()
    await turn()
    expect(calls).toEqual(['pause'])
    stream.read()
    await turn()
    expect(calls).toEqual(['pause', 'resume'])
    expect(told).toEqual(['headers ', 'aaaaaaaaaa', 'bbbbbbbbbb'])
  })

  test('of headers alone is a status, and no headers', async () => {
    const { stream, told, statuses, controller, open } = play()
    open()
    stream.onResponseStart(headOnly(controller), 200, { 'grpc-status': '5', 'grpc-message': 'gone' })
    stream.onResponseEnd(controller, {})
    await turn()
    expect(told).toEqual(['status 5'])
    expect(statuses[0]).toMatchObject({ details: 'gone', headers: { 'grpc-status': '5' } })
  })

  test('with too long a message is cancelled', async () => {
    const { stream, calls, statuses, controller, open } = play({ maxBytes: 10 })
    open()
    stream.onResponseStart(controller, 200, {})
    stream.onResponseData(controller, frame('x'.repeat(11)))
    await turn()
    expect(calls).toEqual(['abort'])
    expect(statuses).toMatchObject([{ code: 8, details: 'Received message larger than max (11 vs 10)' }])
  })

  test('is over once, whatever comes after', async () => {
    const { stream, told, controller, open } = play()
    open()
    stream.cancel(1, 'first')
    stream.cancel(2, 'second')
    stream.onResponseStart(controller, 200, {})
    stream.onResponseData(controller, frame('late'))
    stream.onResponseEnd(controller, { 'grpc-status': '0' })
    stream.onResponseError(controller, new Error('late'))
    await turn()
    expect(told).toEqual(['status 1'])
  })

  test('that cannot be read after all is not good', async () => {
    const { stream, told, controller, open } = play()
    open()
    stream.onResponseStart(controller, 200, {})
    stream.onResponseData(controller, frame('one'))
    stream.onResponseEnd(controller, { 'grpc-status': '0' })
    stream.cancel(13, 'not to be read')
    await turn()
    expect(told).toEqual(['headers ', 'status 13'])
  })
})

describe('a request that has failed', () => {
  test('is made again with all that there was, when its listener says so', async () => {
    const asked: number[] = []
    const { stream, told, bodies, controller, open } = play({
      mayOpenAgain: ({ code }) => asked.push(code) === 1,
    })
    stream.send(frame('one'))
    open()
    stream.onResponseStart(headOnly(controller), 200, {
      'grpc-status': '14',
      'x-weft-error': 'WEFT_NO_HEALTHY_UPSTREAM',
    })
    stream.onResponseEnd(controller, {})
    await turn()
    expect({ asked, told }).toEqual({ asked: [14], told: [] })
    stream.send(frame('two'))
    stream.halfClose()
    open()
    expect(bodies[1]).toEqual(Buffer.concat([frame('one'), frame('two')]))
    stream.onResponseError(controller, new Error('no'))
    await turn()
    expect(told).toEqual(['status 13'])
  })

  test('is not made again when some of it is gone', async () => {
    const { stream, told, bodies, controller, open } = play({ mayOpenAgain: () => true })
    open()
    stream.send(frame('one'))
    await (bodies[0] as AsyncIterable<Buffer>)[Symbol.asyncIterator]().next()
    stream.onResponseError(controller, new Error('no'))
    await turn()
    expect(told).toEqual(['status 13'])
  })
})
