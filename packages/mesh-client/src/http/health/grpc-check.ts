import { Buffer } from 'node:buffer'
import { type ClientHttp2Stream, connect } from 'node:http2'
import type { Socket } from 'node:net'
import type { HealthCheckOutcome } from '../../kernel/recorder.ts'

/*
 * `grpc.health.v1.Health/Check`. Both messages have one field, so they are written and read here by hand: a request is
 * `string service = 1`, a response `ServingStatus status = 1`.
 */

const SERVING = 1

/** Larger answers are none of this service. */
const MAX_RESPONSE_BYTES = 64 * 1024

/** Asks a gRPC server for the health of one of its services; an empty name asks for all of it. */
export function checkGrpc(
  { serviceName = '' }: { readonly serviceName?: string },
  origin: string,
  socket: Socket,
): Promise<HealthCheckOutcome> {
  return new Promise((resolve) => {
    const session = connect(origin, { createConnection: () => socket })
    const settle = (outcome: HealthCheckOutcome): void => {
      resolve(outcome)
      session.destroy()
    }
    session.on('error', () => settle('unreachable'))
    session.on('close', () => settle('unreachable'))
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'weft-health-check',
    })
    listen(stream, settle)
    stream.end(encodeRequest(serviceName))
    session.unref()
  })
}

function listen(stream: ClientHttp2Stream, settle: (outcome: HealthCheckOutcome) => void): void {
  const chunks: Buffer[] = []
  let bytes = 0
  let grpcStatus: unknown
  let answered = false
  stream.on('response', (headers) => {
    answered = true
    grpcStatus ??= headers['grpc-status']
  })
  stream.on('trailers', (trailers) => {
    grpcStatus ??= trailers['grpc-status']
  })
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > MAX_RESPONSE_BYTES) settle('failed')
  })
  stream.on('error', () => settle('unreachable'))
  stream.on('end', () => {
    if (!answered) return settle('unreachable')
    settle(String(grpcStatus) === '0' && servingStatus(Buffer.concat(chunks)) === SERVING ? 'passed' : 'failed')
  })
}

/** A length-prefixed, uncompressed message. */
export function encodeRequest(serviceName: string): Buffer {
  const name = Buffer.from(serviceName)
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a]), varint(name.length), name])
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

/** The status that a response tells; `undefined` where it is not one whole uncompressed message of that kind. */
export function servingStatus(response: Buffer): number | undefined {
  if (response.length < 5 || response[0] !== 0 || response.length !== 5 + response.readUInt32BE(1)) return undefined
  let at = 5
  let status = 0
  while (at < response.length) {
    if (response[at++] !== 0x08) return undefined
    let shift = 0
    let byte: number
    status = 0
    do {
      byte = response[at++] ?? 0
      status += (byte & 0x7f) * 2 ** shift
      shift += 7
    } while (byte >= 0x80 && at < response.length && shift < 64)
  }
  return status
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest & 0x7f) | 0x80)
  return Buffer.from([...bytes, rest])
}
