import type { Admission } from './admission.ts'
import type { Caller, WorkloadCaller } from './caller.ts'
import { type AuthRefusal, noLongerGood } from './refusal.ts'
import type { Tokens } from './tokens.ts'

/** Which workload ids may come in by a join token, and how many. */
export class TokenAdmission implements Admission {
  private readonly tokens: Tokens

  constructor(tokens: Tokens) {
    this.tokens = tokens
  }

  async admit(caller: WorkloadCaller, workloadId: string): Promise<AuthRefusal | undefined> {
    const { tokenId } = caller
    if (tokenId === undefined || (await this.tokens.join(tokenId, workloadId))) return undefined
    return (await this.mayAct({ ...caller, spent: caller.spent ?? 'used up' }, workloadId)) ?? mayNotJoin(caller)
  }

  /** The same without counting: whether the caller may act as a process with this workload id at all. */
  async mayAct(caller: Caller, workloadId: string): Promise<AuthRefusal | undefined> {
    if (caller.kind !== 'workload' || caller.spent === undefined || caller.tokenId === undefined) return undefined
    return (await this.tokens.hasJoined(caller.tokenId, workloadId)) ? undefined : mayNotJoin(caller)
  }
}

function mayNotJoin({ tokenId, spent = 'used up' }: WorkloadCaller): AuthRefusal {
  return noLongerGood(
    `The token ${tokenId} is ${spent}, and this workload id has not joined by it: ask for another (weft token create).`,
  )
}
