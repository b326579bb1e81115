import { UNLIMITED } from '@weft/mesh-protocol'

/**
 * Option `maxSessionMemory` of `node:http2`, in megabytes: none of its own. Node counts against it what waits to be sent on
 * a connection. Beyond 10 MB, its default, it ends other streams with ENHANCE_YOUR_CALM: one large body would fail
 * every request beside it. What waited when a stream was cut is never taken off the count (as of Node 24), so that a
 * connection would fail for good in the end. What a peer may send is bounded by flow control.
 */
export const MAX_SESSION_MEMORY_MB: number = UNLIMITED
