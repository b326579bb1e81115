import { type ClientMessage, type HelloEvent, type Node, RECONNECT_MAX_MS } from '@weft/mesh-protocol'
import { EventSource } from 'eventsource'
import { fullJitterDelay } from '../kernel/backoff.ts'
import type { Clock } from '../kernel/clock.ts'
import { saying } from '../kernel/control-answer.ts'
import type { Random } from '../kernel/random.ts'
import type { TimerHandle, Timers } from '../kernel/timers.ts'
import type { ControlTransport } from './control-transport.ts'
import { parseHello, parseUpdate } from './parse-event.ts'
import { initialSession, stepSession } from './session.ts'
import type { SessionEffect, SessionInput, SessionState, SessionTimer } from './session-types.ts'
import type { SnapshotStore } from './snapshot-store.ts'

/** Ceiling of the first pause; the n-th is below `base * 2^(n-1)` and {@link RECONNECT_MAX_MS}. */
const RECONNECT_BASE_MS = 100

/** For a message's answer; the server only notes what it says. */
const MESSAGE_TIMEOUT_MS = 5_000

export interface StreamClientDeps {
  /** Base URLs of control servers, tried in turn. */
  readonly urls: readonly string[]
  readonly node: Node
  readonly transport: ControlTransport
  readonly store: Pick<SnapshotStore<unknown, unknown>, 'known' | 'update' | 'heartbeat' | 'streamOpened'>
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  /** Runs something outside the context of the request that happens to cause it. */
  readonly detached: <T>(action: () => T) => T
  readonly onConnected: (url: string, hello: HelloEvent) => void
  /** `lost`: there was a stream before. */
  readonly onDisconnected: (url: string, reason: string, lost: boolean) => void
}

export interface StreamClient {
  /** Opens the stream; hosts that were followed before are followed from its first message on. */
  start(): void
  follow(hosts: readonly string[]): void
  /** Hosts that are followed. */
  readonly subscriptions: ReadonlySet<string>
  /** Tries in a row that came to nothing. */
  readonly failures: number
  close(): void
}

/**
 * The shell around session.ts: does what the state machine says and tells it what happened. eventsource reads the wire;
 * its own reconnecting is never used, because it neither backs off nor survives an answer other than 200.
 */
export function createStreamClient(deps: StreamClientDeps): StreamClient {
  const { clock, timers, detached } = deps
  let state: SessionState = initialSession(deps.urls)
  let source: EventSource | undefined
  let hello: HelloEvent | undefined
  let lastEventId: string | undefined
  const pending = new Map<SessionTimer, TimerHandle>()

  const dispatch = (input: SessionInput): void => {
    const step = stepSession(state, input, clock.now())
    state = step.state
    for (const effect of step.effects) perform(effect)
  }
  const setTimer = (timer: SessionTimer, delayMs: number): void => {
    timers.clear(pending.get(timer))
    pending.set(
      timer,
      timers.set(() => dispatch({ kind: 'timer', timer }), delayMs),
    )
  }
  const perform = (effect: SessionEffect): void => {
    switch (effect.kind) {
      case 'open':
        source = openSource(effect.url, effect.connection)
        break
      case 'close':
        source?.close()
        source = undefined
        break
      case 'post':
        post(effect.url, effect.connection, effect.message)
        break
      case 'flushSoon':
        queueMicrotask(() => dispatch({ kind: 'flush', connection: effect.connection }))
        break
      case 'setTimer':
        setTimer(effect.timer, effect.delayMs)
        break
      case 'backOff':
        setTimer('reconnect', fullJitterDelay(BACK_OFF, effect.failures, deps.random))
        break
      case 'clearTimer':
        timers.clear(pending.get(effect.timer))
        break
      case 'connected':
        if (hello !== undefined) deps.onConnected(effect.url, hello)
        break
      case 'disconnected':
        deps.onDisconnected(effect.url, effect.reason, effect.lost)
        break
    }
  }

  /** Listeners of an EventSource must not throw: that would end the process. */
  const guarded =
    (connection: number, listener: (event: MessageEvent) => void) =>
    (event: Event): void => {
      try {
        if (connection === state.connection) listener(event as MessageEvent)
      } catch (error) {
        dispatch({ kind: 'failed', connection, reason: error instanceof Error ? error.message : String(error) })
      }
    }
  const openSource = (url: string, connection: number): EventSource => {
    const target = `${url}/v1/stream?node=${encodeURIComponent(JSON.stringify(deps.node))}`
    const resume = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
    const opened = new EventSource(target, {
      fetch: (to, init) => deps.transport.stream(to, { headers: { ...init.headers, ...resume }, signal: init.signal }),
    })
    const on = (name: string, listener: (event: MessageEvent) => void): void =>
      opened.addEventListener(name, guarded(connection, listener))
    on('hello', ({ data }) => {
      hello = parseHello(data)
      if (url.startsWith('https:') && !hello.url.startsWith('https:')) throw new Error(PLAIN_MESSAGES)
      deps.store.streamOpened()
      dispatch({ kind: 'hello', connection, event: hello, known: deps.store.known() })
    })
    on('update', (event) => {
      const applied = deps.store.update(parseUpdate(event.data))
      lastEventId = event.lastEventId === '' ? lastEventId : event.lastEventId
      dispatch({ kind: 'applied', connection, ...applied })
    })
    on('heartbeat', () => dispatch({ kind: 'applied', connection, ...deps.store.heartbeat() }))
    on('error', (event) => {
      const { message } = event as unknown as { message?: string }
      dispatch({ kind: 'failed', connection, reason: message ?? 'it ended the stream' })
    })
    return opened
  }

  const post = (url: string, connection: number, body: ClientMessage): void => {
    deps.transport.send({ method: 'POST', url, body, timeoutMs: MESSAGE_TIMEOUT_MS }).then(
      ({ status, text }) => {
        if (status < 300) return dispatch({ kind: 'posted', connection })
        dispatch({
          kind: 'postFailed',
          connection,
          status,
          reason: `it answered a message with ${status}${saying(text)}`,
        })
      },
      (error: Error) =>
        dispatch({ kind: 'postFailed', connection, status: undefined, reason: `a message failed: ${error.message}` }),
    )
  }

  return {
    start: () => detached(() => dispatch({ kind: 'start' })),
    follow: (hosts) => detached(() => dispatch({ kind: 'subscribe', hosts })),
    get subscriptions() {
      return state.subscriptions
    },
    get failures() {
      return state.failures
    },
    close: () => dispatch({ kind: 'stop' }),
  }
}

const PLAIN_MESSAGES = 'it wants messages in plaintext, although its stream is not'

const BACK_OFF = { baseIntervalMs: RECONNECT_BASE_MS, maxIntervalMs: RECONNECT_MAX_MS }
