import { GRPC_STATUS } from '@weft/mesh-protocol'
import { MeshError } from '../../kernel/errors.ts'
import { grpcStatusOfReset } from '../../kernel/grpc-status.ts'
import { resetCodeOf } from '../http2/reset-code.ts'
import { classifyError, isCallerFault } from './transport-errors.ts'

/**
 * The status of gRPC for a request that got no answer, or not all of it. Source: grpc-js `subchannel-call.ts`: what the
 * server has reset by the code it gave, and all that broke by itself as UNAVAILABLE.
 */
export function grpcStatusOfFailure(error: unknown): number {
  if (MeshError.isMeshError(error) && error.code === 'WEFT_DEADLINE_EXCEEDED') return GRPC_STATUS.DEADLINE_EXCEEDED
  const rstCode = resetCodeOf(error)
  if (rstCode !== undefined) return grpcStatusOfReset(rstCode)
  if (isCallerFault(error)) return GRPC_STATUS.INTERNAL
  return classifyError(error, true).kind === 'timeout' ? GRPC_STATUS.DEADLINE_EXCEEDED : GRPC_STATUS.UNAVAILABLE
}
