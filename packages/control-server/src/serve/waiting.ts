import type { PushService, PushStatus } from '../push/types.ts'
import type { Commit } from '../registry/write-outcome.ts'

/** How far a commit has come when the wait was over. */
export interface WaitOutcome extends PushStatus {
  readonly revision: number
}

/** Waits for the streams that a commit concerns. */
export async function waitForClients(
  push: PushService,
  { revision, hosts }: Pick<Commit, 'revision' | 'hosts'>,
  waitMs: number,
): Promise<WaitOutcome> {
  const { acked, nacked, pending } = await push.waitFor(revision, hosts, waitMs)
  return { revision, acked, nacked, pending }
}
