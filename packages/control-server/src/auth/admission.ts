import type { WorkloadCaller } from './caller.ts'
import type { AuthRefusal } from './refusal.ts'

/** Whether a workload that has proven who it is gets a certificate. */
export interface Admission {
  /**
   * Asked before a certificate is issued. Counts a use of the join token at the first certificate of a workload id; refuses
   * where the token was revoked, is used up, or has expired before this workload id joined. `undefined`: admitted.
   */
  admit(caller: WorkloadCaller, workloadId: string): Promise<AuthRefusal | undefined>
}
