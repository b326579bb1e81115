import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameReader, FrameTooLarge } from '../../../../../packages/mesh-client/src/grpc/wire/frame-reader.ts'
import {
  frameOf,
  isCompressed,
  messageOf,
  onlyMessageOf,
} from '../../../../../packages/mesh-client/src/kernel/grpc-frame.ts'

/** Cuts bytes at these places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set([0, ...places.map((place) => place % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b)
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end))
}

function readAll(chunks: readonly Buffer[], max = -1): Buffer[] {
  const reader = new FrameReader(max)
  const frames: Buffer[] = []
  for (const chunk of chunks) reader.read(chunk, frames)
  return frames
}

describe('frames', () => {
  test('come out as they went in, wherever the stream is cut', () => {
    const messages = fc.array(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.boolean()), { maxLength: 8 })
    fc.assert(
      fc.property(messages, fc.array(fc.nat(400), { maxLength: 30 }), (given, places) => {
        const wire = Buffer.concat(given.map(([message, compressed]) => frameOf(message, compressed)))
        const frames = readAll(cut(wire, places))
        expect(frames.map((frame) => [...messageOf(frame)])).toEqual(given.map(([message]) => [...message]))
        expect(frames.map(isCompressed)).toEqual(given.map(([, compressed]) => compressed))
      }),
    )
  })

  test('are no frames until all of them has come', () => {
    const wire = frameOf(Buffer.from('hello'), false)
    for (let length = 0; length < wire.length; length++) expect(readAll([wire.subarray(0, length)])).toEqual([])
  })

  test.each([0, 1, 3, 5])('over the limit are refused by their prefix alone, cut at %d', (place) => {
    const wire = frameOf(Buffer.alloc(11), false).subarray(0, 5)
    expect(() => readAll(cut(wire, [place]), 10)).toThrow(
      new FrameTooLarge('Received message larger than max (11 vs 10)'),
    )
    expect(readAll([frameOf(Buffer.alloc(10), false)], 10)).toHaveLength(1)
  })

  test('that came in one piece are not copied', () => {
    const wire = Buffer.concat([frameOf(Buffer.from('one'), false), frameOf(Buffer.from('two'), false)])
    for (const frame of readAll([wire])) expect(frame.buffer).toBe(wire.buffer)
  })

  test.each<[readonly number[], string | undefined]>([
    [[0, 0, 0, 0, 2, 104, 105], 'hi'],
    [[0, 0, 0, 0, 0], ''],
    [[1, 0, 0, 0, 2, 104, 105], undefined],
    [[0, 0, 0, 0, 9, 104, 105], undefined],
    [[0, 0, 0, 0, 1, 104, 105], undefined],
    [[0, 0], undefined],
    [[], undefined],
  ])('a body of %j is the message %j alone', (bytes, message) => {
    expect(onlyMessageOf(Buffer.from(bytes))?.toString()).toBe(message)
  })
})
