import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js'
import type { GreeterClient } from './gen/greeter.ts'

/* `grpc.health.v1` as a client of grpc-js asks it that knows both messages by their bytes. */

const STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']
const encode = (service: string): Buffer => Buffer.concat([Buffer.from([0x0a, service.length]), Buffer.from(service)])
const decode = (bytes: Buffer): string => STATUSES[bytes[1] ?? 0] as string

/** A status, or the code of an error. */
export function checkHealth(client: GreeterClient, service = ''): Promise<string | number> {
  return new Promise((resolve) => {
    const path = '/grpc.health.v1.Health/Check'
    client.makeUnaryRequest(path, encode, decode, service, (error: ServiceError | null, status) =>
      resolve(error?.code ?? (status as string)),
    )
  })
}

/** What is told, in turn; at its end `end`, or the code of an error. */
export function watchHealth(client: GreeterClient, service = ''): (string | number)[] {
  const told: (string | number)[] = []
  const call: ClientReadableStream<string> = client.makeServerStreamRequest(
    '/grpc.health.v1.Health/Watch',
    encode,
    decode,
    service,
  )
  call.on('data', (status: string) => told.push(status))
  call.on('end', () => told.push('end'))
  call.on('error', (error: ServiceError) => told.push(error.code))
  return told
}
