import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { addMetadata, callHeaders } from '../../../../../packages/mesh-client/src/grpc/wire/call-headers.ts'
import {
  compress,
  decompress,
  encodingOf,
  type UnreadableMessage,
} from '../../../../../packages/mesh-client/src/grpc/wire/compression.ts'

const unpack = (encoding: string, bytes: Buffer, max = -1): Promise<Buffer | UnreadableMessage> =>
  new Promise((resolve) => decompress(encoding, bytes, max, resolve))

describe('compression', () => {
  test.each(['gzip', 'deflate'] as const)('%s comes back as it was', async (encoding) => {
    const message = Buffer.alloc(5_000, 'text')
    const packed = await new Promise<Buffer>((resolve) =>
      compress(encoding, message, (_error, bytes) => resolve(bytes)),
    )
    expect(packed.length).toBeLessThan(message.length)
    expect(await unpack(encoding, packed, 5_000)).toEqual(message)
    expect(await unpack(encoding, packed, 4_999)).toEqual({
      code: 8,
      details: 'Received message that decompresses to a size larger than 4999',
    })
    expect(await unpack(encoding, packed.subarray(0, 20))).toMatchObject({ code: 13 })
  })

  test('a bomb is not unpacked beyond the limit', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000))
    expect(await unpack('gzip', bomb, 1_000)).toMatchObject({ code: 8 })
    expect(await unpack('gzip', bomb, 0)).toMatchObject({ code: 8 })
  })

  test.each(['identity', 'snappy'])(
    'a message that says it is compressed by %s is an internal error',
    async (encoding) => {
      expect(await unpack(encoding, Buffer.from('x'))).toMatchObject({ code: 13 })
    },
  )

  test.each([
    [0, 'identity'],
    [1, 'deflate'],
    [2, 'gzip'],
    [3, undefined],
    ['gzip', undefined],
    [undefined, undefined],
  ])('the algorithm %j is %j', (algorithm, encoding) => expect(encodingOf(algorithm)).toBe(encoding))
})

describe('the headers of a call', () => {
  test('are its metadata and what the transport says', () => {
    const list = callHeaders({ 'x-a': 'b', te: 'no', host: 'no', 'x-c': ['d', 'e'] }, 'agent', 'gzip', 'authority')
    const pairs = list.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${list[index + 1]}`] : []))
    expect(pairs).toEqual([
      'host: authority',
      'x-a: b',
      'x-c: d',
      'x-c: e',
      'grpc-accept-encoding: identity,deflate,gzip',
      'accept-encoding: identity',
      'user-agent: agent',
      'content-type: application/grpc',
      'te: trailers',
      'grpc-encoding: gzip',
    ])
    expect(callHeaders({}, 'agent', 'identity', undefined)).not.toContain('grpc-encoding')
  })

  test('take more metadata later', () => {
    const list = ['x-a', 'b']
    addMetadata(list, { authorization: 'Bearer x', 'user-agent': 'no' })
    expect(list).toEqual(['x-a', 'b', 'authorization', 'Bearer x'])
  })
})
