/** The numbers of gRPC's statuses. Source: gRPC "Status codes and their use in gRPC". */
export const GRPC_STATUS = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const

export type GrpcStatusName = keyof typeof GRPC_STATUS

const NAMES = Object.keys(GRPC_STATUS) as readonly GrpcStatusName[]

/** The name of a status; `undefined`: there is no such status. */
export function grpcStatusName(code: number): GrpcStatusName | undefined {
  return NAMES[code]
}

/** The number of a status by its name, upper case; `undefined`: there is no such status. */
export function grpcStatusNumber(name: string): number | undefined {
  return Object.hasOwn(GRPC_STATUS, name) ? GRPC_STATUS[name as GrpcStatusName] : undefined
}
