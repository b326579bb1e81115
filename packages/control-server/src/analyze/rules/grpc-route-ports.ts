import { child, item } from '../../config/field-path.ts'
import type { KnownPort } from '../../config/references.ts'
import type { GrpcRouteSpec } from '../../config/spec/gateway/grpc-route.ts'
import {
  attachesToPort,
  type BackendObjectReference,
  isServiceBackend,
  isServiceParent,
  type ParentReference,
  referencedHost,
} from '../../config/spec/gateway/references.ts'
import type { Finding } from '../finding.ts'
import type { GrpcView } from '../grpc-view.ts'

/** A finding without its subject and code. */
type Told = Pick<Finding, 'field' | 'message' | 'severity'>

/** WEFT0609: GRPCRoutes of ports that do not say that they carry gRPC. */
export function* grpcRoutePorts({ mesh, ports }: GrpcView): Generator<Finding> {
  for (const subject of mesh.ofKind<GrpcRouteSpec>('GRPCRoute')) {
    const { spec, metadata } = subject.resource
    const portsOf = (reference: ParentReference | BackendObjectReference): readonly KnownPort[] =>
      ports.of(referencedHost(reference, metadata.namespace, mesh.domain)) ?? []
    for (const [index, parent] of (spec.parentRefs ?? []).entries()) {
      if (!isServiceParent(parent)) continue
      const meant = portsOf(parent).filter((port) => attachesToPort(parent, port))
      const told = ofParent(meant, item('spec.parentRefs', index))
      if (told !== undefined) yield { code: 'WEFT0609', subject, ...told }
    }
    for (const { backend, field } of backendsOf(spec)) {
      const port = portsOf(backend).find(({ number }) => number === backend.port)
      if (port?.protocol !== 'tcp') continue
      const message = `${describe(port)} carries no HTTP, so that no call can be sent there`
      yield { code: 'WEFT0609', subject, field, message }
    }
  }
}

/** One that leaves the port open is meant for those of gRPC. */
function ofParent(meant: readonly KnownPort[], field: string): Told | undefined {
  if (meant.some(({ protocol }) => protocol === 'grpc' || protocol === 'http2')) return undefined
  const http = meant.find(({ protocol }) => protocol === 'http')
  if (http !== undefined) {
    const message = `${describe(http)} says that it speaks HTTP/1.1: calls get there by HTTP/2 all the same, other requests do not`
    return { field, message, severity: 'info' }
  }
  const [first] = meant
  return first && { field, message: `${describe(first)} carries no HTTP: the route has no effect there` }
}

const describe = ({ name, number }: KnownPort): string => `port ${number}${name === '' ? '' : ` (${name})`}`

function* backendsOf({ rules = [] }: GrpcRouteSpec): Generator<{ backend: BackendObjectReference; field: string }> {
  for (const [index, { backendRefs = [] }] of rules.entries()) {
    for (const [position, backend] of backendRefs.entries()) {
      const field = item(child(item('spec.rules', index), 'backendRefs'), position)
      if (isServiceBackend(backend)) yield { backend, field }
    }
  }
}
