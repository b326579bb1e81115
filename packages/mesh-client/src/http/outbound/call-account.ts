import type { ServiceRef } from '@weft/mesh-protocol'
import { ERROR_CODES, MeshError, type MeshErrorCode, type ResponseFlag } from '../../kernel/errors.ts'

/** The service that a fully qualified host names, as far as the name tells. */
export function serviceOf(host: string): ServiceRef {
  const [name = host, namespace = ''] = host.split('.')
  return { host, name, namespace }
}

/** What is told of a call when it fails. */
export interface CallFacts {
  /** Host of the service. */
  readonly service: string
  readonly route: string | undefined
  /** `address:port` of the last endpoint. */
  readonly endpoint: string | undefined
  readonly attempts: number
  readonly flags: readonly ResponseFlag[]
}

const ADVICE: Partial<Record<MeshErrorCode, string>> = {
  WEFT_BODY_NOT_REPLAYABLE:
    'A retry was due, but more of the request body had been sent than is kept for sending it again. ' +
    'Give the body as a string or Buffer, or retry in the caller.',
  WEFT_UPSTREAM_CONNECT_FAILURE: 'Check that the workload runs and listens where it is registered.',
  WEFT_UPSTREAM_RESET: 'The service closed the connection; look into its log.',
}

const NOT_HTTP =
  'What listens there does not answer in proper HTTP: check it, and the protocol of its port (the name or appProtocol).'
const OWN_TIMEOUT =
  'That limit is of the call itself, not of its route: set headersTimeout or bodyTimeout higher, or 0.'

/** What undici calls failures that tell more than that the connection broke: by its codes, and names where there is none. */
const ADVICE_BY_ERROR: Readonly<Record<string, string>> = {
  HTTPParserError: NOT_HTTP,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: NOT_HTTP,
  UND_ERR_HEADERS_OVERFLOW:
    'The head of its response is larger than Node takes: have it send less, or raise --max-http-header-size.',
  UND_ERR_HEADERS_TIMEOUT: OWN_TIMEOUT,
  UND_ERR_BODY_TIMEOUT: OWN_TIMEOUT,
}

function adviceFor(code: MeshErrorCode, error: Error | undefined): string {
  if (code === 'WEFT_UPSTREAM_RESET' && error !== undefined) {
    const { code: own = '' }: NodeJS.ErrnoException = error
    const special = ADVICE_BY_ERROR[own] ?? ADVICE_BY_ERROR[error.name]
    if (special !== undefined) return special
  }
  return ADVICE[code] ?? ERROR_CODES[code].means
}

/**
 * The mesh's own account of a call that failed below it.
 *
 * @param error the transport's; `undefined`: a response was cut off
 */
export function accountOf(code: MeshErrorCode, facts: CallFacts, error: Error | undefined): MeshError {
  const attempts = facts.attempts === 1 ? '1 attempt' : `${facts.attempts} attempts`
  const at = facts.endpoint === undefined ? '' : `, last at ${facts.endpoint}`
  const reason = error?.message ?? 'the response was cut off'
  const advice = adviceFor(code, error)
  return new MeshError(code, `${facts.service}: ${reason} after ${attempts}${at}. ${advice}`, {
    service: facts.service,
    attempts: facts.attempts,
    flags: facts.flags,
    retryable: code !== 'WEFT_BODY_NOT_REPLAYABLE' && code !== 'WEFT_ABORTED',
    ...(facts.route === undefined ? {} : { route: facts.route }),
    ...(facts.endpoint === undefined ? {} : { endpoint: facts.endpoint }),
  })
}
