import { GRPC_STATUS } from '@weft/mesh-protocol'
import { deadlineMs } from './call-deadline.ts'
import type { ParentCall } from './call-types.ts'
import type { MeshCall } from './mesh-call.ts'

/** Bits of what a call takes over from the call that it is made for. grpc-js `propagate`. */
const DEADLINE = 1
const CANCELLATION = 8
const DEFAULTS = 0xffff

/** The deadline of a call that is made for another. */
export function parentDeadline(parent: ParentCall | null, flags: number | null | undefined, own: number): number {
  if (parent === null || ((flags ?? DEFAULTS) & DEADLINE) === 0) return own
  return Math.min(own, deadlineMs(parent.getDeadline()))
}

/** Ends a call with the one that it is made for. */
export function followParent(parent: ParentCall, flags: number | null | undefined, call: MeshCall): void {
  if (((flags ?? DEFAULTS) & CANCELLATION) === 0) return
  const cancelled = (): void => call.cancelWithStatus(GRPC_STATUS.CANCELLED, 'Cancelled by parent call')
  parent.on('cancelled', cancelled)
  call.whenOver(() => void parent.removeListener('cancelled', cancelled))
}
