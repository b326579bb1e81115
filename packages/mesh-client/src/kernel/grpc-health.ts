import { bytesField, numberField, readFields } from './protobuf.ts'

/*
 * The messages of `grpc.health.v1.Health`. Both have one field: a request `string service = 1`, a response
 * `ServingStatus status = 1`. Source: grpc/proto `grpc/health/v1/health.proto`.
 */

export const HEALTH_CHECK_PATH = '/grpc.health.v1.Health/Check'
export const HEALTH_WATCH_PATH = '/grpc.health.v1.Health/Watch'

/** `HealthCheckResponse.ServingStatus`; the last is told by `Watch` alone. */
export const HEALTH_STATUS = { SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } as const

export type HealthStatus = keyof typeof HEALTH_STATUS

export interface HealthRequest {
  /** Full name of a service; empty: the server as a whole. */
  readonly service: string
}

const FIELD = 1

export function encodeHealthRequest({ service }: HealthRequest): Buffer {
  return bytesField(FIELD, service)
}

/** @throws RangeError for what is no message */
export function decodeHealthRequest(bytes: Buffer): HealthRequest {
  let service = ''
  readFields(bytes, (field, value) => {
    if (field === FIELD && typeof value !== 'number') service = value.toString()
  })
  return { service }
}

export function encodeHealthResponse(status: HealthStatus): Buffer {
  return numberField(FIELD, HEALTH_STATUS[status])
}

/**
 * The number of the status that is told, 0 where none is.
 *
 * @throws RangeError for what is no message
 */
export function decodeHealthResponse(bytes: Buffer): number {
  let status = 0
  readFields(bytes, (field, value) => {
    if (field === FIELD && typeof value === 'number') status = value
  })
  return status
}
