import { constants } from 'node:http2'
import { GRPC_STATUS } from '@weft/mesh-protocol'
import { MeshError } from '../../kernel/errors.ts'
import { grpcStatusOfReset } from '../../kernel/grpc-status.ts'
import { bareStatus, type StreamStatus } from './stream-status.ts'

/** How deep a chain of causes is followed. */
const MAX_CAUSES = 10

/** As grpc-js words what the codes of RST_STREAM mean; others are told by their number. */
const RESET_DETAILS: ReadonlyMap<number, string> = new Map([
  [constants.NGHTTP2_REFUSED_STREAM, 'Stream refused by server'],
  [constants.NGHTTP2_CANCEL, 'Call cancelled'],
  [constants.NGHTTP2_ENHANCE_YOUR_CALM, 'Bandwidth exhausted or memory limit exceeded'],
  [constants.NGHTTP2_INADEQUATE_SECURITY, 'Protocol not secure enough'],
  [constants.NGHTTP2_INTERNAL_ERROR, 'Received RST_STREAM with code 2 (Internal server error)'],
])

/** The mesh's own account of a failure, which stands at the end of its chain of causes. */
export function accountIn(error: unknown): MeshError | undefined {
  let current = error
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error; depth++) {
    if (MeshError.isMeshError(current)) return current
    current = current.cause
  }
  return undefined
}

/** What a request that failed in the mesh or on its way means for a call of gRPC. */
export function statusOfFailure(error: Error, rstCode: number | undefined): StreamStatus {
  const account = accountIn(error)
  if (rstCode !== undefined) {
    const details = RESET_DETAILS.get(rstCode) ?? `Received RST_STREAM with code ${rstCode}`
    return bareStatus(grpcStatusOfReset(rstCode), details, error, rstCode)
  }
  const details = (account ?? error).message
  switch (account?.code) {
    case 'WEFT_DEADLINE_EXCEEDED':
      return bareStatus(GRPC_STATUS.DEADLINE_EXCEEDED, details, error)
    case 'WEFT_ABORTED':
      return bareStatus(GRPC_STATUS.CANCELLED, details, error)
    case undefined:
      if (hasCode(error, 'UND_ERR_ABORTED')) return bareStatus(GRPC_STATUS.CANCELLED, details, error)
      return bareStatus(GRPC_STATUS.INTERNAL, `Failed to start HTTP/2 stream with error ${error.message}`, error)
    default:
      return bareStatus(GRPC_STATUS.UNAVAILABLE, details, error)
  }
}

function hasCode(error: Error, code: string): boolean {
  return 'code' in error && error.code === code
}
