import { type ClientHttp2Stream, connect } from 'node:http2'
import type { Socket } from 'node:net'
import { frameOf, onlyMessageOf } from '../../kernel/grpc-frame.ts'
import {
  decodeHealthResponse,
  encodeHealthRequest,
  HEALTH_CHECK_PATH,
  HEALTH_STATUS,
} from '../../kernel/grpc-health.ts'
import { GRPC_STATUS_HEADER } from '../../kernel/header-names.ts'
import type { HealthCheckOutcome } from '../../kernel/recorder.ts'

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
      ':path': HEALTH_CHECK_PATH,
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'weft-health-check',
    })
    listen(stream, settle)
    stream.end(frameOf(encodeHealthRequest({ service: serviceName }), false))
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
    grpcStatus ??= headers[GRPC_STATUS_HEADER]
  })
  stream.on('trailers', (trailers) => {
    grpcStatus ??= trailers[GRPC_STATUS_HEADER]
  })
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > MAX_RESPONSE_BYTES) settle('failed')
  })
  stream.on('error', () => settle('unreachable'))
  stream.on('end', () => {
    if (!answered) return settle('unreachable')
    settle(String(grpcStatus) === '0' && isServing(Buffer.concat(chunks)) ? 'passed' : 'failed')
  })
}

function isServing(answer: Buffer): boolean {
  const message = onlyMessageOf(answer)
  if (message === undefined) return false
  try {
    return decodeHealthResponse(message) === HEALTH_STATUS.SERVING
  } catch {
    return false
  }
}
