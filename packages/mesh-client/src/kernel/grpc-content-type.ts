const GRPC_CONTENT_TYPE = /^application\/grpc(?:$|[+;])/i

/**
 * The type alone, or followed by `+` and a format, as Envoy's `Grpc::Common::hasGrpcContentType` has it, or by parameters.
 * gRPC-Web (`application/grpc-web`) is another protocol.
 */
export function isGrpcContentType(value: string): boolean {
  return GRPC_CONTENT_TYPE.test(value)
}
