import type { Dispatcher } from 'undici'
import { frameOf, onlyMessageOf } from '../../kernel/grpc-frame.ts'
import { GRPC_STATUS_HEADER } from '../../kernel/header-names.ts'
import { readWhole } from './read-whole.ts'

const PATH = '/envoy.service.auth.v3.Authorization/Check'

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
  const answer = await dispatcher.request({
    origin,
    path: PATH,
    method: 'POST',
    headers: { 'content-type': 'application/grpc', te: 'trailers' },
    body: frameOf(message, false),
    signal,
  })
  const body = await readWhole(answer.body)
  if (answer.statusCode !== 200) throw new Error(`it answered ${answer.statusCode}`)
  const status = answer.headers[GRPC_STATUS_HEADER] ?? answer.trailers[GRPC_STATUS_HEADER]
  if (String(status) !== '0') throw new Error(`it answered the gRPC status ${String(status ?? 'none')}`)
  const told = onlyMessageOf(body)
  if (told === undefined) throw new Error('what it answered is not one uncompressed message')
  return told
}
