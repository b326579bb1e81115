import { grpcStatusOfHttp } from '../kernel/grpc-status.ts'
import type { InboundEnding, InboundExchange } from './exchange.ts'

/** The status of gRPC that telemetry tells of a call; empty: nothing was answered, `undefined`: it is not one of gRPC. */
export function toldGrpcStatus(
  { isGrpc }: Pick<InboundExchange, 'isGrpc'>,
  { grpcStatus, status }: Pick<InboundEnding, 'grpcStatus' | 'status'>,
): string | undefined {
  return isGrpc ? (grpcStatus ?? grpcStatusOfHttp(status)) : undefined
}
