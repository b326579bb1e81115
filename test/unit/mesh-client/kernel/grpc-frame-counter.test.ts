import fc from 'fast-check'
import { expect, test } from 'vitest'
import { GrpcFrameCounter } from '../../../../packages/mesh-client/src/kernel/grpc-frame-counter.ts'

function frame(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5)
  prefix[0] = message.length % 2
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

test('counts messages wherever the bytes are cut', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 })
  fc.assert(
    fc.property(messages, fc.array(fc.integer({ min: 0, max: 600 })), (given, sizes) => {
      const bytes = Buffer.concat(given.map(frame))
      const counter = new GrpcFrameCounter()
      let at = 0
      for (const size of sizes) {
        counter.add(bytes.subarray(at, at + size))
        at = Math.min(at + size, bytes.length)
      }
      counter.add(bytes.subarray(at))
      expect([counter.messages, counter.whole]).toEqual([given.length, true])
    }),
  )
})

test('a message counts when all of it has passed', () => {
  const counter = new GrpcFrameCounter()
  const bytes = frame(Buffer.alloc(70_000))
  for (const [piece, messages, whole] of [
    [bytes.subarray(0, 3), 0, false],
    [bytes.subarray(3, 5), 0, false],
    [bytes.subarray(5, -1), 0, false],
    [bytes.subarray(-1), 1, true],
  ] as const) {
    counter.add(piece)
    expect([counter.messages, counter.whole]).toEqual([messages, whole])
  }
})

test('a length of 32 bits is no negative one', () => {
  const counter = new GrpcFrameCounter()
  counter.add(Buffer.from([0, 0xff, 0xff, 0xff, 0xff]))
  counter.add(Buffer.alloc(1000))
  expect([counter.messages, counter.whole]).toEqual([0, false])
})
