import type { WorkloadRegistration } from '@weft/mesh-protocol'
import type { FastifyRequest } from 'fastify'
import type { Action, ClaimedNode } from '../auth/action.ts'
import { authorize } from '../auth/authorize.ts'
import type { Caller } from '../auth/caller.ts'
import type { AuthRefusal } from '../auth/refusal.ts'
import type { TokenAdmission } from '../auth/token-admission.ts'
import { isWorkloadId, type Registrations } from '../registry/registrations.ts'
import { toApiError } from './auth-refusals.ts'
import { callerOf } from './caller-of.ts'
import { refusal } from './status.ts'

export interface WorkloadGuardParts {
  readonly registrations: Pick<Registrations, 'get'>
  readonly admission: Pick<TokenAdmission, 'admit' | 'mayAct'>
  /** Of this machine. */
  readonly hostAddresses: () => readonly string[]
  /** Services that a workload which may register for some would serve by its labels besides. */
  readonly selectedServices: (
    registration: WorkloadRegistration,
    allowed: readonly string[],
  ) => Promise<readonly string[]>
}

/** What a workload says of itself, held against what it has proven. Each throws where it may not. */
export class WorkloadGuard {
  private readonly parts: WorkloadGuardParts

  constructor(parts: WorkloadGuardParts) {
    this.parts = parts
  }

  /** A stream is told what concerns the workload that is registered under its node's id. */
  async openStream(request: FastifyRequest, node: ClaimedNode & { readonly id: string }): Promise<void> {
    const caller = callerOf(request)
    if (!isBound(caller)) return
    // It is remembered for as long as the token, so that it must not be whatever fits into a URL.
    if (!isWorkloadId(node.id)) {
      throw refusal(400, 'The node is refused', [
        { field: 'node.id', message: 'must be the id by which the workload registers' },
      ])
    }
    assertMay(caller, { kind: 'open-stream', node })
    // Registrations may be several of one process, streams are not.
    refuse(await this.parts.admission.admit(caller, node.id))
    await this.assertOwn(caller, node.id)
  }

  sendMessage(request: FastifyRequest, opener: Caller): void {
    assertMay(callerOf(request), { kind: 'send-message', opener })
  }

  async register(
    request: FastifyRequest,
    id: string,
    wanted: WorkloadRegistration,
    before: WorkloadRegistration | undefined,
  ): Promise<void> {
    const caller = callerOf(request)
    if (!isBound(caller)) return
    refuse(await this.parts.admission.mayAct(caller, id))
    if (before !== undefined) assertMay(caller, { kind: 'act-as', registered: before })
    const selectedBy = caller.services === undefined ? [] : await this.parts.selectedServices(wanted, caller.services)
    assertMay(caller, {
      kind: 'register',
      registration: { ...wanted, selectedBy },
      remoteAddress: request.raw.socket.remoteAddress ?? '',
      hostAddresses: this.parts.hostAddresses(),
    })
  }

  /** Renews or ends a registration, or follows it. */
  async actAs(request: FastifyRequest, id: string): Promise<void> {
    const caller = callerOf(request)
    if (!isBound(caller)) return
    refuse(await this.parts.admission.mayAct(caller, id))
    await this.assertOwn(caller, id)
  }

  private async assertOwn(caller: Caller, id: string): Promise<void> {
    const registered = await this.parts.registrations.get(id)
    if (registered !== undefined) assertMay(caller, { kind: 'act-as', registered })
  }
}

/** Others were asked about everything by the hook: an admin, or anybody on a server that asks nobody. */
const isBound = (caller: Caller): caller is Extract<Caller, { kind: 'workload' }> => caller.kind === 'workload'

function assertMay(caller: Caller, action: Action): void {
  refuse(authorize(caller, action))
}

function refuse(refused: AuthRefusal | undefined): void {
  if (refused !== undefined) throw toApiError(refused)
}
