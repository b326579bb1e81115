import type { CallCredentials, Metadata } from '@grpc/grpc-js'
import { GRPC_STATUS, grpcStatusName } from '@weft/mesh-protocol'
import { asError } from '../../kernel/as-error.ts'

/** Statuses that only the called service may give. gRFC A54. */
const NOT_OF_THE_CLIENT: ReadonlySet<number> = new Set([
  GRPC_STATUS.OK,
  GRPC_STATUS.INVALID_ARGUMENT,
  GRPC_STATUS.NOT_FOUND,
  GRPC_STATUS.ALREADY_EXISTS,
  GRPC_STATUS.FAILED_PRECONDITION,
  GRPC_STATUS.ABORTED,
  GRPC_STATUS.OUT_OF_RANGE,
  GRPC_STATUS.DATA_LOSS,
])

export type CredentialsResult =
  | { readonly ok: true; readonly headers: ReturnType<Metadata['toHttp2Headers']> }
  | { readonly ok: false; readonly code: number; readonly details: string }

/** Asks call credentials for what they add to one call. */
export async function credentialsFor(
  credentials: CallCredentials,
  method: string,
  authority: string,
): Promise<CredentialsResult> {
  try {
    const metadata: unknown = await credentials.generateMetadata({
      method_name: method,
      service_url: serviceUrl(authority, method),
    })
    if (!isMetadata(metadata)) throw new Error('it gave no Metadata')
    return { ok: true, headers: metadata.toHttp2Headers() }
  } catch (error) {
    return { ok: false, ...refused(error) }
  }
}

/** Of whatever copy of grpc-js: a plugin may bring its own. */
function isMetadata(given: unknown): given is Pick<Metadata, 'toHttp2Headers'> {
  return (
    typeof given === 'object' &&
    given !== null &&
    'toHttp2Headers' in given &&
    typeof given.toHttp2Headers === 'function'
  )
}

/** The audience of a token: `https://` host `/` service. Source: grpc-js `uri-parser.ts`, as all of gRPC. */
function serviceUrl(authority: string, method: string): string {
  const host = authority.replace(/:[0-9]+$/, '').replace(/^\[(.*)\]$/, '$1')
  return `https://${host}/${method.split('/')[1] ?? ''}`
}

function refused(error: unknown): { readonly code: number; readonly details: string } {
  const own = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  const code = typeof own === 'number' ? own : GRPC_STATUS.UNKNOWN
  const details = `Getting metadata from plugin failed with error: ${asError(error).message}`
  if (!NOT_OF_THE_CLIENT.has(code)) return { code, details }
  return {
    code: GRPC_STATUS.INTERNAL,
    details: `Invalid status from control plane: ${code} ${grpcStatusName(code)} ${details}`,
  }
}
