import type { AuthorizationRow } from '../authorization-row.ts'

/** Why a row cannot be sent from this machine. */
export function reasonNotServed({ request }: AuthorizationRow): string | undefined {
  const { sourceIp, destinationIp, remoteIp, headers = {}, principal, jwt, jwtToken } = request
  if (
    sourceIp !== undefined ||
    destinationIp !== undefined ||
    (remoteIp !== undefined && !('x-forwarded-for' in headers))
  )
    return 'is about an address of another machine: decided in process, in istio-authorization'
  if (typeof principal === 'string' && !/^cluster\.local\/ns\/[^/]+\/sa\/[^/]+$/.test(principal))
    return 'comes from somebody whom this mesh gives no certificate: decided in process, in istio-authorization'
  if (typeof jwt === 'object' && jwt !== null && typeof jwtToken !== 'string')
    return 'has a token that nobody has signed: decided in process, in istio-authorization'
  return undefined
}
