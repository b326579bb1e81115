import { UNLIMITED } from '@weft/mesh-protocol'

/**
 * Option `maxSessionMemory` of `node:http2`, in megabytes: none of its own. Node counts against it what waits to be sent on
 * a connection. Beyond 10 MB, its default, it ends other streams with ENHANCE_YOUR_CALM: one large body would fail
 * every request beside it. What waited when a stream was cut is never taken off the count (as of Node 24), so that a
 * connection would fail for good in the end. What a peer may send is bounded by flow control.
 */
export const MAX_SESSION_MEMORY_MB: number = UNLIMITED

/**
 * Options of servers of `node:http2`. A connection of the mesh carries all calls of a process to an endpoint, and those
 * that run into a timeout, are hedged or lose their own caller are reset: above Node's 33 a second (after 1,000) it would
 * cut the connection, and every request on it, for those of others. This rate is above what a process can serve,
 * and still ends a flood (CVE-2023-44487).
 */
export const HTTP2_SERVER_OPTIONS: {
  readonly maxSessionMemory: number
  readonly streamResetBurst: number
  readonly streamResetRate: number
} = { maxSessionMemory: MAX_SESSION_MEMORY_MB, streamResetBurst: 20_000, streamResetRate: 10_000 }
