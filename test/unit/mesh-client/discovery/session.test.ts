import { describe, expect, test } from 'vitest'
import {
  HELLO_TIMEOUT_MS,
  initialSession,
  stepSession,
} from '../../../../packages/mesh-client/src/discovery/session.ts'
import type { SessionInput, SessionState } from '../../../../packages/mesh-client/src/discovery/session-types.ts'

/** One line of a scenario: at a moment, something happens, and these effects follow (in words). */
type Line = readonly [at: number, input: SessionInput, effects: readonly string[]]

const HEARTBEAT_MS = 1000
const helloEvent = { streamId: 's', epoch: 'e', heartbeatMs: HEARTBEAT_MS, features: [], url: 'http://a/v1/streams/s' }

const start: SessionInput = { kind: 'start' }
const subscribe = (...hosts: string[]): SessionInput => ({ kind: 'subscribe', hosts })
const unsubscribe = (...hosts: string[]): SessionInput => ({ kind: 'unsubscribe', hosts })
const hello = (connection: number, known: Record<string, string> = {}): SessionInput => ({
  kind: 'hello',
  connection,
  event: helloEvent,
  known,
})
const applied = (
  connection: number,
  ack: Record<string, string> = {},
  nacked?: string,
  resync?: string,
): SessionInput => ({
  kind: 'applied',
  connection,
  ack,
  nack: nacked === undefined ? [] : [{ name: nacked, version: 'bad', violations: [] }],
  resync,
})
const failed = (connection: number): SessionInput => ({ kind: 'failed', connection, reason: 'why' })
const posted = (connection: number): SessionInput => ({ kind: 'posted', connection })
const postFailed = (connection: number, status?: number): SessionInput => ({
  kind: 'postFailed',
  connection,
  status,
  reason: 'why',
})
const flush = (connection: number): SessionInput => ({ kind: 'flush', connection })
const reconnect: SessionInput = { kind: 'timer', timer: 'reconnect' }
const watchdog: SessionInput = { kind: 'timer', timer: 'watchdog' }

/** Effects as one line of text each, without what is the same every time. */
function told(state: SessionState, input: SessionInput, now: number): { state: SessionState; effects: string[] } {
  const step = stepSession(state, input, now)
  const effects = step.effects.map((effect) => {
    switch (effect.kind) {
      case 'open':
        return `open ${effect.connection} ${effect.url}`
      case 'post':
        return `post ${JSON.stringify(effect.message)}`
      case 'setTimer':
        return `${effect.timer} in ${effect.delayMs}`
      case 'backOff':
        return `back off ${effect.failures}`
      case 'clearTimer':
        return `no ${effect.timer}`
      case 'connected':
        return `connected ${effect.url}`
      case 'disconnected':
        return `${effect.lost ? 'lost' : 'failed'} ${effect.url}: ${effect.reason}`
      default:
        return effect.kind
    }
  })
  return { state: step.state, effects }
}

const OPENED = ['open 1 a', `watchdog in ${HELLO_TIMEOUT_MS}`]
const GREETED = (post: string): string[] => ['connected a', `post ${post}`, 'watchdog in 2500']
const LOST = (url: string, ...then: string[]): string[] => ['no watchdog', 'close', `lost ${url}: why`, ...then]
const FAILED = (url: string, ...then: string[]): string[] => ['no watchdog', 'close', `failed ${url}: why`, ...then]

const scenarios: Readonly<Record<string, readonly Line[]>> = {
  'the first message starts the flow even with nothing to say': [
    [0, start, OPENED],
    [5, hello(1), GREETED('{"seq":1}')],
  ],
  'the first message has what is followed and the versions held': [
    [0, subscribe('x', 'y', 'x'), []],
    [0, start, OPENED],
    [5, hello(1, { 'Cluster/c': 'v1' }), GREETED('{"seq":1,"subscribe":["x","y"],"known":{"Cluster/c":"v1"}}')],
  ],
  'what comes up while a message is under way is sent together after it': [
    [0, start, OPENED],
    [1, hello(1), GREETED('{"seq":1}')],
    [2, applied(1, { 'Cluster/c': 'v1' }), []],
    [3, subscribe('x'), []],
    [4, posted(1), ['flushSoon']],
    [4, applied(1, { 'Cluster/d': 'v1' }), ['flushSoon']],
    [4, flush(1), ['post {"seq":2,"subscribe":["x"],"ack":{"Cluster/c":"v1","Cluster/d":"v1"}}']],
    [4, flush(1), []],
    [5, posted(1), []],
  ],
  'following twice, and no longer what was never told, says nothing': [
    [0, start, OPENED],
    [1, hello(1), GREETED('{"seq":1}')],
    [2, posted(1), []],
    [3, subscribe('x'), ['flushSoon']],
    [3, subscribe('x'), []],
    [3, unsubscribe('x', 'y'), []],
    [3, flush(1), []],
  ],
  'only the newest verdict on a resource is told': [
    [0, start, OPENED],
    [1, hello(1), GREETED('{"seq":1}')],
    [2, applied(1, { 'Cluster/c': 'v1' }), []],
    [2, applied(1, {}, 'Cluster/c'), []],
    [2, applied(1, {}, 'Cluster/d'), []],
    [2, applied(1, { 'Cluster/d': 'v2' }), []],
    [3, posted(1), ['flushSoon']],
    [
      3,
      flush(1),
      ['post {"seq":2,"ack":{"Cluster/d":"v2"},"nack":[{"name":"Cluster/c","version":"bad","violations":[]}]}'],
    ],
  ],
  'URLs are tried in turn, further apart each time, from the start again after success': [
    [0, start, OPENED],
    [1, failed(1), FAILED('a', 'back off 1')],
    [50, reconnect, ['open 2 b', `watchdog in ${HELLO_TIMEOUT_MS}`]],
    [51, failed(2), FAILED('b', 'back off 2')],
    [300, reconnect, ['open 3 a', `watchdog in ${HELLO_TIMEOUT_MS}`]],
    [301, hello(3), GREETED('{"seq":1}')],
    [302, failed(3), LOST('a', 'back off 3')],
    [900, reconnect, ['open 4 b', `watchdog in ${HELLO_TIMEOUT_MS}`]],
    [901, hello(4), ['connected b', 'post {"seq":1}', 'watchdog in 2500']],
    [902, applied(4), []],
    [903, failed(4), LOST('b', 'back off 1')],
  ],
  'what comes from an earlier stream is not looked at': [
    [0, start, OPENED],
    [1, hello(1), GREETED('{"seq":1}')],
    [2, failed(1), LOST('a', 'back off 1')],
    [3, reconnect, ['open 2 b', `watchdog in ${HELLO_TIMEOUT_MS}`]],
    [4, failed(1), []],
    [4, posted(1), []],
    [4, hello(1), []],
  ],
  'a failure is counted once however often it is told': [
    [0, start, OPENED],
    [1, hello(1), GREETED('{"seq":1}')],
    [2, failed(1), LOST('a', 'back off 1')],
    [2, postFailed(1), []],
    [2, failed(1), []],
  ],
  'a server that answers nothing is given up': [
    [0, start, OPENED],
    [5000, watchdog, ['no watchdog', 'close', 'failed a: it did not answer within 5000 ms', 'back off 1']],
  ],
  'silence for two and a half heartbeats ends a stream, any event keeps it': [
    [0, start, OPENED],
    [0, hello(1), GREETED('{"seq":1}')],
    [2000, applied(1), []],
    [2500, watchdog, ['watchdog in 2000']],
    [4500, watchdog, ['no watchdog', 'close', 'lost a: it was silent for 2500 ms', 'back off 1']],
  ],
  'a server that has forgotten the stream is asked at once, the first time': [
    [0, start, OPENED],
    [1, hello(1), GREETED('{"seq":1}')],
    [2, postFailed(1, 404), LOST('a', 'reconnect in 0')],
    [2, reconnect, ['open 2 a', `watchdog in ${HELLO_TIMEOUT_MS}`]],
    [3, hello(2), GREETED('{"seq":1}')],
    [4, postFailed(2, 404), LOST('a', 'back off 2')],
  ],
  'a message that fails in another way is a lost stream': [
    [0, start, OPENED],
    [1, hello(1), GREETED('{"seq":1}')],
    [2, postFailed(1, 500), LOST('a', 'back off 1')],
  ],
  'a change that does not fit is asked for again on a new stream to the same server': [
    [0, start, OPENED],
    [1, hello(1), GREETED('{"seq":1}')],
    [2, applied(1, { 'Cluster/c': 'v1' }, undefined, 'why'), LOST('a', 'back off 1')],
    [9, reconnect, ['open 2 a', `watchdog in ${HELLO_TIMEOUT_MS}`]],
    [10, hello(2), GREETED('{"seq":1}')],
    [11, applied(2, {}, undefined, 'why'), LOST('a', 'back off 2')],
  ],
  'what is followed while there is no stream goes into the next first message': [
    [0, start, OPENED],
    [1, failed(1), FAILED('a', 'back off 1')],
    [2, subscribe('x'), []],
    [3, reconnect, ['open 2 b', `watchdog in ${HELLO_TIMEOUT_MS}`]],
    [4, hello(2), ['connected b', 'post {"seq":1,"subscribe":["x"]}', 'watchdog in 2500']],
  ],
  'a stopped session does nothing any more': [
    [0, start, OPENED],
    [1, hello(1), GREETED('{"seq":1}')],
    [2, { kind: 'stop' }, ['no reconnect', 'no watchdog', 'close', 'lost a: the mesh was closed']],
    [3, applied(1, { 'Cluster/c': 'v1' }), []],
    [3, reconnect, []],
    [3, start, []],
  ],
  'a second hello on a stream is not looked at': [
    [0, start, OPENED],
    [1, hello(1), GREETED('{"seq":1}')],
    [2, hello(1), []],
  ],
  'a timer that comes too late opens no second stream': [
    [0, start, OPENED],
    [1, reconnect, []],
    [2, hello(1), GREETED('{"seq":1}')],
    [3, reconnect, []],
  ],
}

describe('the session', () => {
  test.each(Object.entries(scenarios))('%s', (_name, lines) => {
    let state = initialSession(['a', 'b'])
    for (const [at, input, expected] of lines) {
      const step = told(state, input, at)
      expect(step.effects, `at ${at}: ${input.kind}`).toEqual(expected)
      state = step.state
    }
  })
})
