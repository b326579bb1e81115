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

/** The mesh's own account of a call that failed below it. */
export function accountOf(code: MeshErrorCode, facts: CallFacts, reason: string): MeshError {
  const attempts = facts.attempts === 1 ? '1 attempt' : `${facts.attempts} attempts`
  const at = facts.endpoint === undefined ? '' : `, last at ${facts.endpoint}`
  const advice = ADVICE[code] ?? ERROR_CODES[code].means
  return new MeshError(code, `${facts.service}: ${reason} after ${attempts}${at}. ${advice}`, {
    service: facts.service,
    attempts: facts.attempts,
    flags: facts.flags,
    retryable: code !== 'WEFT_BODY_NOT_REPLAYABLE' && code !== 'WEFT_ABORTED',
    ...(facts.route === undefined ? {} : { route: facts.route }),
    ...(facts.endpoint === undefined ? {} : { endpoint: facts.endpoint }),
  })
}
