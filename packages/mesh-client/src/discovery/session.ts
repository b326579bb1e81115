import { asMessage, EMPTY_OUTBOX, isEmpty, withSubscriptions, withVerdicts } from './outbox.ts'
import type { Phase, SessionEffect, SessionInput, SessionState, SessionStep } from './session-types.ts'

/*
 * The life of the stream to the control server, as a pure function of (state, input, now): which URL is tried when, what
 * is told in which message, when a stream counts as dead. Sockets, timers and chance are the shell's
 * (stream-client.ts).
 */

/** A stream is dead when it is silent for this many heartbeats: one may be late, two are not. */
const SILENT_HEARTBEATS = 2.5

/** From asking for a stream to its `hello`. */
export const HELLO_TIMEOUT_MS = 5_000

export function initialSession(urls: readonly string[], subscriptions: readonly string[] = []): SessionState {
  return {
    urls,
    urlIndex: 0,
    failures: 0,
    connection: 0,
    subscriptions: new Set(subscriptions),
    phase: { kind: 'idle' },
  }
}

export function stepSession(state: SessionState, input: SessionInput, now: number): SessionStep {
  if (state.phase.kind === 'stopped') return unchanged(state)
  if ('connection' in input && input.connection !== state.connection) return unchanged(state)
  switch (input.kind) {
    case 'start':
      return state.phase.kind === 'idle' ? opened(state) : unchanged(state)
    case 'stop':
      return stopped(state)
    case 'subscribe':
    case 'unsubscribe':
      return resubscribed(state, input)
    case 'hello':
      return greeted(state, input, now)
    case 'applied':
      return applied(state, input, now)
    case 'failed':
      return failed(state, input.reason, { rest: true })
    case 'posted':
      return withOpen(state, (phase) => flushSoon(state, { ...phase, posting: false }))
    case 'postFailed':
      return failed(state, input.reason, { rest: input.status !== 404 })
    case 'flush':
      return withOpen(state, (phase) => flushed(state, phase))
    case 'timer':
      return input.timer === 'reconnect' ? retried(state) : watched(state, now)
  }
}

type Open = Extract<Phase, { kind: 'open' }>

const unchanged = (state: SessionState): SessionStep => ({ state, effects: [] })

function withOpen(state: SessionState, action: (phase: Open) => SessionStep): SessionStep {
  return state.phase.kind === 'open' ? action(state.phase) : unchanged(state)
}

function urlOf(state: SessionState): string {
  return state.urls[state.urlIndex % state.urls.length] as string
}

function opened(state: SessionState): SessionStep {
  const connection = state.connection + 1
  return {
    state: { ...state, connection, phase: { kind: 'connecting' } },
    effects: [
      { kind: 'open', connection, url: urlOf(state) },
      { kind: 'setTimer', timer: 'watchdog', delayMs: HELLO_TIMEOUT_MS },
    ],
  }
}

function retried(state: SessionState): SessionStep {
  return state.phase.kind === 'waiting' ? opened(state) : unchanged(state)
}

function stopped(state: SessionState): SessionStep {
  const lost: SessionEffect[] =
    state.phase.kind === 'open'
      ? [{ kind: 'disconnected', url: urlOf(state), reason: 'the mesh was closed', lost: true }]
      : []
  return {
    state: { ...state, phase: { kind: 'stopped' } },
    effects: [
      { kind: 'clearTimer', timer: 'reconnect' },
      { kind: 'clearTimer', timer: 'watchdog' },
      { kind: 'close' },
      ...lost,
    ],
  }
}

/** The first message starts the flow, so it goes out even where there is nothing to say. */
function greeted(state: SessionState, input: Extract<SessionInput, { kind: 'hello' }>, now: number): SessionStep {
  if (state.phase.kind !== 'connecting') return unchanged(state)
  const { url, heartbeatMs } = input.event
  const silenceMs = heartbeatMs * SILENT_HEARTBEATS
  const known = Object.keys(input.known).length > 0 ? { known: input.known } : {}
  const message = { ...asMessage({ ...EMPTY_OUTBOX, subscribe: state.subscriptions }, 1), ...known }
  return {
    state: {
      ...state,
      phase: {
        kind: 'open',
        messageUrl: url,
        silenceMs,
        lastEventAt: now,
        seq: 1,
        posting: true,
        outbox: EMPTY_OUTBOX,
      },
    },
    effects: [
      { kind: 'connected', url: urlOf(state) },
      { kind: 'post', connection: state.connection, url, message },
      { kind: 'setTimer', timer: 'watchdog', delayMs: silenceMs },
    ],
  }
}

function applied(state: SessionState, input: Extract<SessionInput, { kind: 'applied' }>, now: number): SessionStep {
  return withOpen(state, (phase) => {
    if (input.resync !== undefined) return failed(state, input.resync, { rest: true, sameUrl: true })
    const outbox = withVerdicts(phase.outbox, input.ack, input.nack)
    return flushSoon({ ...state, failures: 0 }, { ...phase, outbox, lastEventAt: now })
  })
}

function resubscribed(
  state: SessionState,
  input: Extract<SessionInput, { kind: 'subscribe' | 'unsubscribe' }>,
): SessionStep {
  const adds = input.kind === 'subscribe'
  const hosts = [...new Set(input.hosts)].filter((host) => state.subscriptions.has(host) !== adds)
  if (hosts.length === 0) return unchanged(state)
  const subscriptions = new Set(state.subscriptions)
  for (const host of hosts) adds ? subscriptions.add(host) : subscriptions.delete(host)
  const next = { ...state, subscriptions }
  if (next.phase.kind !== 'open') return unchanged(next)
  const outbox = withSubscriptions(next.phase.outbox, adds ? { add: hosts } : { drop: hosts })
  return flushSoon(next, { ...next.phase, outbox })
}

function flushSoon(state: SessionState, phase: Open): SessionStep {
  const due = !phase.posting && !isEmpty(phase.outbox)
  return {
    state: { ...state, phase },
    effects: due ? [{ kind: 'flushSoon', connection: state.connection }] : [],
  }
}

function flushed(state: SessionState, phase: Open): SessionStep {
  if (phase.posting || isEmpty(phase.outbox)) return unchanged(state)
  const seq = phase.seq + 1
  const message = asMessage(phase.outbox, seq)
  return {
    state: { ...state, phase: { ...phase, seq, posting: true, outbox: EMPTY_OUTBOX } },
    effects: [{ kind: 'post', connection: state.connection, url: phase.messageUrl, message }],
  }
}

/** The timer is not moved with every event; it looks how long the silence has been and sleeps for the rest. */
function watched(state: SessionState, now: number): SessionStep {
  if (state.phase.kind === 'connecting') {
    return failed(state, `it did not answer within ${HELLO_TIMEOUT_MS} ms`, { rest: true })
  }
  return withOpen(state, (phase) => {
    const silentMs = now - phase.lastEventAt
    if (silentMs >= phase.silenceMs)
      return failed(state, `it was silent for ${Math.round(silentMs)} ms`, { rest: true })
    return { state, effects: [{ kind: 'setTimer', timer: 'watchdog', delayMs: phase.silenceMs - silentMs }] }
  })
}

/**
 * Another try, with the next URL. `rest: false`: a server that has forgotten the stream is up, so the first try goes out
 * at once.
 */
function failed(
  state: SessionState,
  reason: string,
  { rest, sameUrl = false }: { readonly rest: boolean; readonly sameUrl?: boolean },
): SessionStep {
  if (state.phase.kind !== 'connecting' && state.phase.kind !== 'open') return unchanged(state)
  const failures = state.failures + 1
  const again = sameUrl || !rest
  return {
    state: {
      ...state,
      failures,
      urlIndex: again ? state.urlIndex : (state.urlIndex + 1) % state.urls.length,
      phase: { kind: 'waiting' },
    },
    effects: [
      { kind: 'clearTimer', timer: 'watchdog' },
      { kind: 'close' },
      { kind: 'disconnected', url: urlOf(state), reason, lost: state.phase.kind === 'open' },
      rest || failures > 1 ? { kind: 'backOff', failures } : { kind: 'setTimer', timer: 'reconnect', delayMs: 0 },
    ],
  }
}
