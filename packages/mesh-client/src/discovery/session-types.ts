import type { ClientMessage, HelloEvent, Nack, ResourceKey } from '@weft/mesh-protocol'

/** What waits to be told on a stream; sent together. */
export interface Outbox {
  readonly subscribe: ReadonlySet<string>
  readonly unsubscribe: ReadonlySet<string>
  readonly ack: Readonly<Record<ResourceKey, string>>
  readonly nack: readonly Nack[]
}

/**
 * Where the session is. `connection` counts the streams that were opened; what happens on an earlier one than the
 * current is not looked at.
 */
export type Phase =
  | { readonly kind: 'idle' }
  /** Backing off. */
  | { readonly kind: 'waiting' }
  /** Asked for a stream, no `hello` yet. */
  | { readonly kind: 'connecting' }
  | {
      readonly kind: 'open'
      /** Where its messages go. */
      readonly messageUrl: string
      /** Silence after which the stream counts as dead. */
      readonly silenceMs: number
      readonly lastEventAt: number
      /** Of the last message. */
      readonly seq: number
      /** A message is under way; one at a time, so that they arrive in order. */
      readonly posting: boolean
      readonly outbox: Outbox
    }
  | { readonly kind: 'stopped' }

export interface SessionState {
  readonly urls: readonly string[]
  /** Of {@link urls}: the one in use or to be tried next. */
  readonly urlIndex: number
  /** Tries in a row that came to nothing. */
  readonly failures: number
  readonly connection: number
  /** Hosts that are followed, on whatever stream. */
  readonly subscriptions: ReadonlySet<string>
  readonly phase: Phase
}

export type SessionInput =
  | { readonly kind: 'start' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'subscribe'; readonly hosts: readonly string[] }
  | { readonly kind: 'unsubscribe'; readonly hosts: readonly string[] }
  /** `known`: versions really held at this moment. */
  | {
      readonly kind: 'hello'
      readonly connection: number
      readonly event: HelloEvent
      readonly known: Readonly<Record<ResourceKey, string>>
    }
  /** An event was applied; `resync`: why the stream has to be opened again. */
  | {
      readonly kind: 'applied'
      readonly connection: number
      readonly ack: Readonly<Record<ResourceKey, string>>
      readonly nack: readonly Nack[]
      readonly resync: string | undefined
    }
  | { readonly kind: 'failed'; readonly connection: number; readonly reason: string }
  | { readonly kind: 'posted'; readonly connection: number }
  /** `status` is `undefined` when there was no answer. */
  | {
      readonly kind: 'postFailed'
      readonly connection: number
      readonly status: number | undefined
      readonly reason: string
    }
  /** What was asked for with {@link SessionEffect} `flushSoon`. */
  | { readonly kind: 'flush'; readonly connection: number }
  | { readonly kind: 'timer'; readonly timer: SessionTimer }

/** `reconnect` ends a back-off, `watchdog` looks whether the stream still speaks. One of a kind at a time. */
export type SessionTimer = 'reconnect' | 'watchdog'

export type SessionEffect =
  | { readonly kind: 'open'; readonly connection: number; readonly url: string }
  /** The stream of before, if any. */
  | { readonly kind: 'close' }
  | { readonly kind: 'post'; readonly connection: number; readonly url: string; readonly message: ClientMessage }
  /** Gives `flush` once what happens in this turn is over. */
  | { readonly kind: 'flushSoon'; readonly connection: number }
  /** Replaces the timer of this name. */
  | { readonly kind: 'setTimer'; readonly timer: SessionTimer; readonly delayMs: number }
  /** The same, after the n-th failure in a row: the delay is drawn by the shell. */
  | { readonly kind: 'backOff'; readonly failures: number }
  | { readonly kind: 'clearTimer'; readonly timer: SessionTimer }
  | { readonly kind: 'connected'; readonly url: string }
  /** A try came to nothing or a stream was lost; `lost` tells which. */
  | { readonly kind: 'disconnected'; readonly url: string; readonly reason: string; readonly lost: boolean }

export interface SessionStep {
  readonly state: SessionState
  readonly effects: readonly SessionEffect[]
}
