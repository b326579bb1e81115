import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BodyLost } from '../../../../packages/mesh-client/src/call/body-follower.ts'
import { ReplayBody } from '../../../../packages/mesh-client/src/call/body-replay.ts'

async function* pieces(...chunks: readonly string[]): AsyncGenerator<string> {
  for (const chunk of chunks) yield chunk
}

async function readAll(body: AsyncIterable<unknown>): Promise<string> {
  let text = ''
  for await (const chunk of body) text += String(chunk)
  return text
}

async function readSome(body: AsyncIterable<unknown>, count: number): Promise<void> {
  const iterator = body[Symbol.asyncIterator]()
  for (let index = 0; index < count; index++) await iterator.next()
}

describe('ReplayBody', () => {
  test('gives every reader the whole body, however far the one before it came', async () => {
    const chunks = fc.array(fc.string({ maxLength: 20 }), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(chunks, fc.array(fc.nat(14), { maxLength: 4 }), async (given, stops) => {
        const body = new ReplayBody(pieces(...given), 10_000)
        for (const stop of stops) await readSome(body.open(), stop)
        expect(await readAll(body.open())).toBe(given.join(''))
        expect(body.replayable).toBe(true)
      }),
    )
  })

  test('takes a sync iterable too', async () => {
    const body = new ReplayBody(['a', 'b'], 10)
    expect(await readAll(body.open())).toBe('ab')
    expect(await readAll(body.open())).toBe('ab')
  })

  test('takes from the source only what a reader asks for', async () => {
    let taken = 0
    async function* counted(): AsyncGenerator<string> {
      for (; taken < 100; ) {
        taken++
        yield 'x'
      }
    }
    const body = new ReplayBody(counted(), 1_000)
    await readSome(body.open(), 3)
    expect(taken).toBe(3)
  })

  test('beyond the limit the reader under way still gets everything, and nothing is kept', async () => {
    const body = new ReplayBody(pieces('aaaa', 'bbbb', 'cccc'), 6)
    expect(await readAll(body.open())).toBe('aaaabbbbcccc')
    expect(body.replayable).toBe(false)
  })

  test('a reader that replays while the limit is passed loses nothing', async () => {
    let release = (): void => undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    async function* slow(): AsyncGenerator<string> {
      yield 'aa'
      yield 'bb'
      await gate
      yield 'cccccc'
      yield 'd'
    }
    const body = new ReplayBody(slow(), 5)
    const first = body.open()[Symbol.asyncIterator]()
    await first.next()
    await first.next()
    const pending = first.next()
    const second = readAll(body.open())
    release()
    await expect(pending).rejects.toThrow('another attempt')
    expect(await second).toBe('aabbccccccd')
    expect(body.replayable).toBe(false)
  })

  test('keeps nothing for others once its reader is the last, and loses nothing of what that one has to read', async () => {
    const given = ['a', 'b', 'c', 'd', 'e', 'f']
    const body = new ReplayBody(pieces(...given), 1_000)
    await readSome(body.open(), 3)
    const last = body.open()[Symbol.asyncIterator]()
    const read = [await last.next(), await last.next()]
    body.commit()
    expect(body.replayable).toBe(false)
    for (let index = 0; index < 5; index++) read.push(await last.next())
    expect(read.map(({ value }) => value)).toEqual([...given, undefined])
    await expect(body.open()[Symbol.asyncIterator]().next()).resolves.toEqual({ done: true, value: undefined })
  })

  test('keeps on for those who follow, also once its reader is the last', async () => {
    const body = new ReplayBody(pieces('a', 'b', 'c'), 1_000)
    const follower = body.follow()
    const reader = body.open()
    await readSome(reader, 1)
    body.commit()
    expect(await readAll(reader)).toBe('bc')
    expect(await readAll(follower)).toBe('abc')
  })

  test('a failing source fails its readers, and is told apart', async () => {
    const failure = new Error('disk')
    async function* broken(): AsyncGenerator<string> {
      yield 'a'
      throw failure
    }
    const body = new ReplayBody(broken(), 10)
    await expect(readAll(body.open())).rejects.toBe(failure)
    expect(body.failedWith(failure)).toBe(true)
    expect(body.failedWith(new Error('disk'))).toBe(false)
    expect(body.replayable).toBe(false)
  })

  test('close lets an unfinished source go', async () => {
    let released = false
    async function* held(): AsyncGenerator<string> {
      try {
        yield 'a'
        yield 'b'
      } finally {
        released = true
      }
    }
    const body = new ReplayBody(held(), 10)
    await readSome(body.open(), 1)
    body.close()
    await Promise.resolve()
    expect(released).toBe(true)
  })
})

describe('a body that is followed', () => {
  test('gives followers everything, whenever they come and however slowly they read', async () => {
    const chunks = fc.array(fc.string({ minLength: 1, maxLength: 5 }), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(chunks, fc.nat(12), fc.nat(3), async (given, late, turns) => {
        const body = new ReplayBody(pieces(...given), 10_000)
        const reader = body.open()[Symbol.asyncIterator]()
        const early = readSlowly(body.follow(), turns)
        for (let read = 0; read < late; read++) await reader.next()
        const later = readSlowly(body.follow(), 0)
        for (let step = await reader.next(); step.done !== true; ) step = await reader.next()
        body.close()
        expect(await Promise.all([early, later])).toEqual([given.join(''), given.join('')])
      }),
    )
  })

  test('is never taken further for a follower', async () => {
    let taken = 0
    async function* counted(): AsyncGenerator<string> {
      for (; taken < 100; ) {
        taken++
        yield 'x'
      }
    }
    const body = new ReplayBody(counted(), 1_000)
    const follower = body.follow()[Symbol.asyncIterator]()
    const pending = follower.next()
    await readSome(body.open(), 2)
    expect(await pending).toEqual({ done: false, value: 'x' })
    await follower.next()
    expect(taken).toBe(2)
    const refused = expect(follower.next()).rejects.toThrow('ended early')
    body.close()
    await refused
  })

  test('beyond the limit its followers are given up and its reader is not', async () => {
    const body = new ReplayBody(pieces('aaaa', 'bbbb', 'cccc'), 6)
    const follower = expect(readAll(body.follow())).rejects.toEqual(new BodyLost('too long'))
    expect(await readAll(body.open())).toBe('aaaabbbbcccc')
    await follower
  })

  test('fails its followers with its source', async () => {
    async function* broken(): AsyncGenerator<string> {
      yield 'a'
      throw new Error('disk')
    }
    const body = new ReplayBody(broken(), 10)
    const follower = expect(readAll(body.follow())).rejects.toThrow('ended early')
    await expect(readAll(body.open())).rejects.toThrow('disk')
    await follower
  })

  test('can be read by several at once when all of it is kept, and not before', async () => {
    const body = new ReplayBody(pieces('a', 'b'), 10)
    const first = body.open()[Symbol.asyncIterator]()
    await first.next()
    expect(body.whole).toBe(false)
    expect(await readAll(body.open())).toBe('ab')
    expect(body.whole).toBe(true)
    const second = body.open()[Symbol.asyncIterator]()
    const third = body.open()[Symbol.asyncIterator]()
    expect([await second.next(), await third.next(), await second.next(), await third.next()]).toEqual(
      ['a', 'a', 'b', 'b'].map((value) => ({ done: false, value })),
    )
  })
})

async function readSlowly(body: AsyncIterable<unknown>, turns: number): Promise<string> {
  let text = ''
  for await (const chunk of body) {
    text += String(chunk)
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
  }
  return text
}
