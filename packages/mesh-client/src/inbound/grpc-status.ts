const UNKNOWN = '2'

const BY_HTTP_STATUS: ReadonlyMap<number, string> = new Map([
  [400, '13'],
  [401, '16'],
  [403, '7'],
  [404, '12'],
  [429, '14'],
  [502, '14'],
  [503, '14'],
  [504, '14'],
])

/**
 * What a gRPC response without `grpc-status` counts as; empty when nothing was answered. Source: gRPC "HTTP to gRPC
 * Status Code Mapping"; Envoy `Grpc::Utility::httpToGrpcStatus`.
 */
export function grpcStatusOfHttp(status: number): string {
  return status === 0 ? '' : (BY_HTTP_STATUS.get(status) ?? UNKNOWN)
}
