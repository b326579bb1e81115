import type { CallEnd, RpcFacts } from '../kernel/tracing.ts'

/** What a method is called that is not known. Source: semantic-conventions, `rpc.method`. */
export const OTHER_METHOD = '_OTHER'

const METHOD_PATH = /^\/([^/?]+\/[^/?]+)$/

/**
 * Statuses that come from a method; the others are also what a server, or the mesh before it, says of a method that is not
 * there, to a caller that may not know, or that has left.
 */
const GIVEN_BY_METHODS: ReadonlySet<string> = new Set(['0', '2', '3', '5', '6', '9', '10', '11', '13', '15'])

/** `package.Service/Method` of a path; `undefined`: the path is none of gRPC. */
function methodOfPath(path: string): string | undefined {
  return METHOD_PATH.exec(path)?.[1]
}

/** The method as its caller names it, who has it from generated code. */
export function calledMethod({ path }: Pick<RpcFacts, 'path'>): string {
  return methodOfPath(path) ?? OTHER_METHOD
}

/** The method as it is known to a server when a call comes in: not yet doubted where nobody can tell. */
export function askedMethod({ path, isKnownMethod }: Pick<RpcFacts, 'path' | 'isKnownMethod'>): string {
  return isKnownMethod === false ? OTHER_METHOD : (methodOfPath(path) ?? OTHER_METHOD)
}

/** The method that a server has served; `_OTHER` where it has none of that name, as far as can be told. */
export function servedMethod(facts: Pick<RpcFacts, 'path' | 'isKnownMethod'>, end: ServedEnd): string {
  if (facts.isKnownMethod === undefined && !comesFromMethod(end)) return OTHER_METHOD
  return askedMethod(facts)
}

/** What the end of a call says of where it was answered. */
export type ServedEnd = Pick<CallEnd, 'grpcStatus' | 'flags'>

function comesFromMethod({ grpcStatus, flags }: ServedEnd): boolean {
  return flags === '-' && grpcStatus !== undefined && GIVEN_BY_METHODS.has(grpcStatus)
}
