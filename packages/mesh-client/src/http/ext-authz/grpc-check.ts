import type { Dispatcher } from 'undici'
import { readWhole } from './read-whole.ts'

const PATH = '/envoy.service.auth.v3.Authorization/Check'
const PREFIX_BYTES = 5

/**
 * Calls `envoy.service.auth.v3.Authorization/Check` and gives the message that is answered.
 *
 * @throws Error where the call fails
 */
export async function checkGrpc(
  origin: string,
  message: Buffer,
  dispatcher: Dispatcher,
  signal: AbortSignal,
): Promise<Buffer> {
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix.writeUInt32BE(message.length, 1)
  const answer = await dispatcher.request({
    origin,
    path: PATH,
    method: 'POST',
    headers: { 'content-type': 'application/grpc', te: 'trailers' },
    body: Buffer.concat([prefix, message]),
    signal,
  })
  const body = await readWhole(answer.body)
  if (answer.statusCode !== 200) throw new Error(`it answered ${answer.statusCode}`)
  const status = answer.headers['grpc-status'] ?? answer.trailers['grpc-status']
  if (String(status) !== '0') throw new Error(`it answered the gRPC status ${String(status ?? 'none')}`)
  if (body.length < PREFIX_BYTES || body[0] !== 0 || body.length !== PREFIX_BYTES + body.readUInt32BE(1)) {
    throw new Error('what it answered is not one uncompressed message')
  }
  return body.subarray(PREFIX_BYTES)
}
