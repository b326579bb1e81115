import {
  DEFAULT_ASKED_RETRIES,
  GRPC_RETRY_CONDITIONS,
  HTTP_RETRY_CONDITIONS,
  type RetryPolicy,
} from '@weft/mesh-protocol'
import { isGrpcContentType } from '../kernel/grpc-content-type.ts'
import { parseGrpcTimeout } from '../kernel/grpc-timeout.ts'
import { GRPC_TIMEOUT_HEADER } from '../kernel/header-names.ts'

/** Every header by which a caller steers one call. Envoy removes them before it sends the request on, and so do we. */
export const CONTROL_HEADERS: ReadonlySet<string> = new Set([
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-retriable-status-codes',
  'x-envoy-retriable-header-names',
  'x-envoy-hedge-on-per-try-timeout',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
])

const HTTP_CONDITIONS: ReadonlySet<string> = new Set(HTTP_RETRY_CONDITIONS)
const GRPC_CONDITIONS: ReadonlySet<string> = new Set(GRPC_RETRY_CONDITIONS)

/** A header of the request by its lower-case name. */
export type ControlHeader = (name: string) => string | undefined

/** What of a route a caller can change for one call. */
export interface Controlled {
  readonly timeoutMs: number
  readonly retryPolicy: RetryPolicy
  readonly hedgeOnPerTryTimeout: boolean
}

/**
 * The route's policy with what the caller asks for in the headers of this one call; what cannot be read is not looked at.
 * Source: Envoy `retry_state_impl.cc` (constructor) and `router.cc` (`FilterUtility::finalTimeout`, `finalHedgingParams`).
 */
export function withControls(route: Controlled, header: ControlHeader): Controlled {
  return {
    timeoutMs: wholeNumber(header('x-envoy-upstream-rq-timeout-ms')) ?? ownLimit(route.timeoutMs, header),
    retryPolicy: controlledRetries(route.retryPolicy, header),
    hedgeOnPerTryTimeout: truth(header('x-envoy-hedge-on-per-try-timeout')) ?? route.hedgeOnPerTryTimeout,
  }
}

/**
 * The route's limit; of a gRPC call what `grpc-timeout` says and at most what the route says, because Istio gives Envoy the
 * route's timeout as `max_grpc_timeout` (`route.go` `setTimeout`).
 */
function ownLimit(routeMs: number, header: ControlHeader): number {
  if (!isGrpcContentType(header('content-type') ?? '')) return routeMs
  const asked = parseGrpcTimeout(header(GRPC_TIMEOUT_HEADER) ?? '') ?? 0
  return cappedLimit(asked, routeMs)
}

/** The smaller of two limits, of which 0 is none. */
function cappedLimit(limit: number, cap: number): number {
  return cap !== 0 && (limit === 0 || limit > cap) ? cap : limit
}

function controlledRetries(policy: RetryPolicy, header: ControlHeader): RetryPolicy {
  const asked = [
    ...conditions(header('x-envoy-retry-on'), HTTP_CONDITIONS).known,
    ...conditions(header('x-envoy-retry-grpc-on'), GRPC_CONDITIONS).known,
  ]
  const retryOn = asked.length === 0 ? policy.retryOn : [...new Set([...policy.retryOn, ...asked])]
  const unsaid = policy.retryOn.length === 0 && asked.length > 0 ? DEFAULT_ASKED_RETRIES : policy.numRetries
  const perTryTimeoutMs = wholeNumber(header('x-envoy-upstream-rq-per-try-timeout-ms')) ?? policy.perTryTimeoutMs
  const names = pieces(header('x-envoy-retriable-header-names')).map((name) => ({ name: name.toLowerCase() }))
  const codes = pieces(header('x-envoy-retriable-status-codes')).flatMap((code) => wholeNumber(code) ?? [])
  return {
    ...policy,
    retryOn,
    numRetries: retriesAsked(header('x-envoy-max-retries')) ?? unsaid,
    retriableStatusCodes: [...policy.retriableStatusCodes, ...codes],
    ...(perTryTimeoutMs === undefined ? {} : { perTryTimeoutMs }),
    ...(names.length === 0 ? {} : { retriableHeaders: [...(policy.retriableHeaders ?? []), ...names] }),
  }
}

/** The conditions among a list as `x-envoy-retry-on` or `x-envoy-retry-grpc-on` has it, and whether all of it are some. */
export function parseRetryOn(text: string): { readonly known: readonly string[]; readonly allKnown: boolean } {
  return conditions(text, new Set([...HTTP_CONDITIONS, ...GRPC_CONDITIONS]))
}

function conditions(
  text: string | undefined,
  accepted: ReadonlySet<string>,
): { readonly known: readonly string[]; readonly allKnown: boolean } {
  const given = pieces(text)
  const known = given.filter((piece) => accepted.has(piece))
  return { known, allKnown: known.length === given.length }
}

function pieces(text: string | undefined): string[] {
  if (text === undefined) return []
  return text
    .split(',')
    .map((piece) => piece.trim())
    .filter((piece) => piece !== '')
}

/** A number of 32 bits, as Envoy reads it. */
function retriesAsked(text: string | undefined): number | undefined {
  const asked = wholeNumber(text)
  return asked !== undefined && asked < 2 ** 32 ? asked : undefined
}

/** As `absl::SimpleAtoi`. */
function wholeNumber(text: string | undefined): number | undefined {
  const trimmed = text?.trim()
  return trimmed !== undefined && /^\+?\d{1,15}$/.test(trimmed) ? Number(trimmed) : undefined
}

function truth(text: string | undefined): boolean | undefined {
  if (text === 'true') return true
  return text === 'false' ? false : undefined
}
