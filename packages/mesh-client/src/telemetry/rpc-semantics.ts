import { type GrpcStatusName, grpcStatusName } from '@weft/mesh-protocol'
import type { CallEnd, ClientCallFacts, ServerCallFacts } from '../kernel/tracing.ts'
import { askedMethod, calledMethod, OTHER_METHOD, servedMethod } from './rpc-method.ts'
import { errorTypeOf, meshAttributes, type Semantics, type SpanAttributes, type SpanEnd } from './semantics.ts'

/*
 * OpenTelemetry's stable conventions for RPC and gRPC, as names and values.
 * Source: semantic-conventions 1.45, `docs/rpc/rpc-spans.md`, `docs/rpc/grpc.md`.
 */

export const RPC_SYSTEM = 'grpc'

/** The statuses that a server is to blame for; a client takes every one but OK for an error. Source: `docs/rpc/grpc.md`. */
const SERVER_FAULTS: ReadonlySet<string> = new Set<GrpcStatusName>([
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
])

/** What a client makes of a call that was not answered, by what the flags say of it. */
const BY_FLAG: readonly (readonly [string, GrpcStatusName])[] = [
  ['DC', 'CANCELLED'],
  ['UT', 'DEADLINE_EXCEEDED'],
]

/** How a call ended, in the words of the conventions. */
export interface RpcOutcome {
  /** Name of the status, or its number where gRPC has no name for it; absent: the server has given none. */
  readonly statusCode: string | undefined
  /** `error.type`; absent: the call has not failed. */
  readonly errorType: string | undefined
}

type Ended = Pick<CallEnd, 'grpcStatus' | 'flags'> & { readonly error?: unknown }

/** As a client sees it, which makes a status of its own where it was given none. */
export function callOutcome({ grpcStatus, flags }: Ended): RpcOutcome {
  const statusCode = statusCodeOf(grpcStatus) ?? unansweredStatus(flags)
  return { statusCode, errorType: statusCode === 'OK' ? undefined : statusCode }
}

/** As a server sees it: a fault of the caller, and a caller that goes away, are no errors. */
export function requestOutcome({ grpcStatus, flags, error }: Ended): RpcOutcome {
  const given = statusCodeOf(grpcStatus)
  if (given !== undefined) return { statusCode: given, errorType: SERVER_FAULTS.has(given) ? given : undefined }
  if (error !== undefined) return { statusCode: undefined, errorType: errorTypeOf({ error, flags }) }
  return { statusCode: hasFlag(flags, 'DC') ? 'CANCELLED' : undefined, errorType: undefined }
}

function statusCodeOf(grpcStatus: string | undefined): string | undefined {
  if (grpcStatus === undefined || grpcStatus === '') return undefined
  const code = Number(grpcStatus)
  // What is no status at all is UNKNOWN to whoever gets it.
  return grpcStatusName(code) ?? (code >= 0 ? grpcStatus : 'UNKNOWN')
}

function unansweredStatus(flags: string): GrpcStatusName {
  return BY_FLAG.find(([flag]) => hasFlag(flags, flag))?.[1] ?? 'UNAVAILABLE'
}

function hasFlag(flags: string, flag: string): boolean {
  return flags.split(',').includes(flag)
}

function nameOf(method: string): string {
  return method === OTHER_METHOD ? RPC_SYSTEM : method
}

function methodAttributes(method: string, { host, port, path }: ClientCallFacts): SpanAttributes {
  const attributes: SpanAttributes = {
    'rpc.system.name': RPC_SYSTEM,
    'rpc.method': method,
    'server.address': host,
    'server.port': port,
  }
  if (method === OTHER_METHOD) attributes['rpc.method_original'] = originalOf(path)
  return attributes
}

function originalOf(path: string): string {
  return path.replace(/^\//, '')
}

function serverAttributes(facts: ServerCallFacts): SpanAttributes {
  const attributes = methodAttributes(askedMethod(facts), facts)
  if (facts.peerAddress !== undefined) attributes['network.peer.address'] = facts.peerAddress
  return attributes
}

function spanEnd(end: CallEnd, { statusCode, errorType }: RpcOutcome): SpanEnd {
  const attributes = meshAttributes(end)
  if (statusCode !== undefined) attributes['rpc.status_code'] = statusCode
  if (errorType !== undefined) attributes['error.type'] = errorType
  return { attributes, failed: errorType !== undefined }
}

function serverEnd(end: CallEnd, facts: ServerCallFacts): SpanEnd {
  const told = spanEnd(end, requestOutcome(end))
  if (servedMethod(facts, end) !== OTHER_METHOD || askedMethod(facts) === OTHER_METHOD) return told
  const renamed = { 'rpc.method': OTHER_METHOD, 'rpc.method_original': originalOf(facts.path) }
  return { ...told, attributes: { ...told.attributes, ...renamed }, name: RPC_SYSTEM }
}

export const rpcSemantics: Semantics = {
  // The conventions have none: gRPC's own (gRFC A72) counts on the span of each attempt, which OpenTelemetry does not know.
  resendCount: 'weft.resend_count',
  clientName: (facts) => nameOf(calledMethod(facts)),
  clientAttributes: (facts) => methodAttributes(calledMethod(facts), facts),
  clientEnd: (end) => spanEnd(end, callOutcome(end)),
  serverName: (facts) => nameOf(askedMethod(facts)),
  serverAttributes,
  serverEnd,
}
