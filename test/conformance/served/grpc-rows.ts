import type { AuthorizationRow } from '../authorization-row.ts'

/** `/package.Service/Method`, which a vector's HTTP request to a port of gRPC has. */
const SERVICE_AND_METHOD = /^\/\w+(?:\.\w+)+\/\w+$/

/** The row says that it is a call of gRPC, or its request is a POST to a service and a method. */
function isGrpcRow({ request }: AuthorizationRow): boolean {
  const { protocol, method, path = '' } = request
  return protocol === 'grpc' || (protocol === 'http' && method === 'POST' && SERVICE_AND_METHOD.test(path))
}

/** Such a row as a call to a server of grpc-js; others as they are. */
export function withGrpc(row: AuthorizationRow): AuthorizationRow {
  return isGrpcRow(row) ? { ...row, request: { ...row.request, protocol: 'grpc' } } : row
}

/**
 * Any request over HTTP as a call of gRPC, which is a POST: where it is another, the two methods change places in the policies too, so
 * that these say of it what they said.
 */
export function asGrpc(row: AuthorizationRow): AuthorizationRow {
  const { method = 'GET' } = row.request
  const policies = method === 'POST' ? row.policies : exchanged(row.policies, method)
  return { ...row, policies, request: { ...row.request, protocol: 'grpc', method: 'POST' } }
}

function exchanged<T>(policies: T, method: string): T {
  const other = (name: string): string => (name === method ? 'POST' : name === 'POST' ? method : name)
  return JSON.parse(JSON.stringify(policies), (key, value) =>
    key === 'methods' || key === 'notMethods' ? (value as string[]).map(other) : value,
  ) as T
}

/** Why a row cannot be asked as a call of gRPC; `undefined`: it can. */
export function reasonNotGrpc({ request }: AuthorizationRow): string | undefined {
  return request.protocol === 'tcp' ? 'is about a connection that is not looked into' : undefined
}
