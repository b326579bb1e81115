import type { Deadline } from '@grpc/grpc-js'

/** `greeter v1: 187 ms left`: a step of the chain, and what its caller's deadline leaves it. */
export const hop = (who: string, leftMs: number): string =>
  Number.isFinite(leftMs) ? `${who}: ${Math.max(0, Math.round(leftMs))} ms left` : `${who}: no limit`

/** Milliseconds that a deadline of grpc-js leaves; `Infinity` where there is none. */
export const leftUntil = (deadline: Deadline): number => Number(deadline) - Date.now()
