import type { ServerHttp2Stream } from 'node:http2'
import { Duplex } from 'node:stream'
import { expect, it } from 'vitest'
import type { Connection } from '../../../../../packages/mesh-client/src/http/inbound/connection.ts'
import { EndedStream } from '../../../../../packages/mesh-client/src/http/inbound/ended-stream.ts'
import {
  type StreamWatcher,
  watcherOf,
  watchStream,
} from '../../../../../packages/mesh-client/src/http/inbound/watched-stream.ts'
import type { VerifiedToken } from '../../../../../packages/mesh-client/src/inbound/exchange.ts'

const OVER = {} as Connection
const TOKEN = {} as VerifiedToken

it('lets go of a stream when that is over, and still knows who has called', async () => {
  const told: string[] = []
  const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  stream.on('removeListener', () => told.push('removed'))
  stream.on('error', () => told.push('error'))
  stream.on('close', () => told.push('close'))
  const closed = new Promise((resolve) => stream.once('close', resolve))
  const ended = new EndedStream(OVER, TOKEN)
  watchStream(stream as unknown as ServerHttp2Stream, watching(told, ended))
  stream.destroy(new Error('reset'))
  await closed
  expect(told).toEqual(['error', 'told of its end', 'close', 'removed'])
  expect(stream.eventNames()).toEqual([])
  expect(watcherOf(stream)).toBe(ended)
  expect(watcherOf(stream)).toMatchObject({ over: OVER, token: TOKEN })
  expect(stream.emit('close')).toBe(false)
})

/** Of a call that is under way. */
function watching(told: string[], remains: StreamWatcher): StreamWatcher {
  const watcher = new EndedStream(OVER, TOKEN)
  return Object.defineProperties(watcher, {
    closed: { value: () => told.push('told of its end') },
    remains: { value: remains },
  })
}
