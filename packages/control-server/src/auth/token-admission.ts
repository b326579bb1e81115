import type { Admission } from './admission.ts'
import type { Caller, WorkloadCaller } from './caller.ts'
import { type AuthRefusal, noLongerGood } from './refusal.ts'
import type { Tokens } from './tokens.ts'

/** A process that serves several ports apart registers each under its workload id and a number. */
const FURTHER_REGISTRATION = /-\d{1,4}$/

/** Which workload ids may come in by a join token, and how many. */
export class TokenAdmission implements Admission {
  private readonly tokens: Tokens

  constructor(tokens: Tokens) {
    this.tokens = tokens
  }

  async admit(caller: WorkloadCaller, workloadId: string): Promise<AuthRefusal | undefined> {
    const { tokenId } = caller
    if (tokenId === undefined || (await this.tokens.join(tokenId, workloadId))) return undefined
    return mayNotJoin(caller, tokenId)
  }

  /**
   * Whether the caller may act as a process with this workload id: register as it or open its stream. A process that does so
   * before it has a certificate has joined as well; otherwise a token for one would let any number in.
   */
  async mayAct(caller: Caller, workloadId: string): Promise<AuthRefusal | undefined> {
    if (caller.kind !== 'workload' || caller.tokenId === undefined) return undefined
    const process = workloadId.replace(FURTHER_REGISTRATION, '')
    if (await this.tokens.hasJoined(caller.tokenId, workloadId)) return undefined
    if (process !== workloadId && (await this.tokens.hasJoined(caller.tokenId, process))) return undefined
    return this.admit(caller, workloadId)
  }
}

function mayNotJoin({ spent = 'used up' }: WorkloadCaller, tokenId: string): AuthRefusal {
  return noLongerGood(
    `The token ${tokenId} is ${spent}, and this workload id has not joined by it: ask for another (weft token create).`,
  )
}
