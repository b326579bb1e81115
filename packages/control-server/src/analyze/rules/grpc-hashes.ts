import { child } from '../../config/field-path.ts'
import type { Finding } from '../finding.ts'
import type { GrpcView } from '../grpc-view.ts'
import { trafficPolicies } from '../traffic-policies.ts'

const MISSING = {
  httpCookie: 'a gRPC client keeps no cookies: every call is hashed anew',
  httpQueryParameterName: 'a gRPC call has no query: there is nothing to hash',
} as const

/** WEFT0604: gRPC calls that are hashed by what they do not have. */
export function* grpcHashes({ mesh, ports }: GrpcView): Generator<Finding> {
  for (const { subject, policy, field } of trafficPolicies(mesh)) {
    const { spec, metadata } = subject.resource
    const { port } = policy as { readonly port?: { readonly number?: number } }
    const host = mesh.fullHost(spec.host, metadata.namespace)
    if (!ports.carryGrpc(host, ({ number }) => port?.number === undefined || port.number === number)) continue
    const hash = policy.loadBalancer?.consistentHash
    for (const [name, message] of Object.entries(MISSING)) {
      if (hash?.[name as keyof typeof MISSING] === undefined) continue
      yield { code: 'WEFT0604', subject, field: child(field, `loadBalancer.consistentHash.${name}`), message }
    }
  }
}
