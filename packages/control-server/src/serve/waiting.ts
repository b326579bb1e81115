import type { PushService, PushStatus } from '../push/types.ts'
import { policyCallees } from '../registry/policy-hosts.ts'
import type { Commit } from '../registry/write-outcome.ts'

/** How far a commit has come when the wait was over. */
export interface WaitOutcome extends PushStatus {
  readonly revision: number
}

/** Waits for the streams that a commit concerns. */
export async function waitForClients(
  push: PushService,
  { revision, hosts, written = [] }: Pick<Commit, 'revision' | 'hosts'> & Partial<Pick<Commit, 'written'>>,
  waitMs: number,
): Promise<WaitOutcome> {
  const { acked, nacked, pending } = await push.waitFor(
    revision,
    hosts,
    waitMs,
    policyCallees(written.map(({ resource }) => resource)),
  )
  return { revision, acked, nacked, pending }
}
