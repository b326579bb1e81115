import { child, item } from './field-path.ts'
import type { GrpcRouteSpec } from './spec/gateway/grpc-route.ts'
import type { HttpFilter } from './spec/gateway/http-filters.ts'
import type { HttpRouteSpec } from './spec/gateway/http-route.ts'
import type { TcpRouteSpec } from './spec/gateway/l4-routes.ts'
import {
  type BackendObjectReference,
  type CommonRouteSpec,
  isServiceBackend,
  isServiceParent,
} from './spec/gateway/references.ts'

/** A Service that a route of Gateway API names, by a name that its namespace may follow. */
export interface ServiceReference {
  /** Of the name. */
  readonly field: string
  readonly host: string
}

const hostOf = (name: string, namespace: string | undefined): string =>
  namespace === undefined ? name : `${name}.${namespace}`

/** The Services that an HTTPRoute or GRPCRoute attaches to and sends to, mirrors too. */
export function requestRouteServices({ parentRefs, rules = [] }: HttpRouteSpec | GrpcRouteSpec): ServiceReference[] {
  const ofRules = rules.flatMap(({ backendRefs = [], filters }, index) => {
    const at = item('spec.rules', index)
    return [
      ...backendRefs.flatMap((backend, position) => {
        const field = item(child(at, 'backendRefs'), position)
        return [...ofBackend(backend, field), ...ofMirrors(backend.filters, child(field, 'filters'))]
      }),
      ...ofMirrors(filters, child(at, 'filters')),
    ]
  })
  return [...ofParents(parentRefs), ...ofRules]
}

/** The Services that a TCPRoute or TLSRoute attaches to and sends to. */
export function l4RouteServices({ parentRefs, rules }: TcpRouteSpec): ServiceReference[] {
  const ofRules = rules.flatMap(({ backendRefs }, index) =>
    backendRefs.flatMap((backend, position) =>
      ofBackend(backend, item(child(item('spec.rules', index), 'backendRefs'), position)),
    ),
  )
  return [...ofParents(parentRefs), ...ofRules]
}

function ofParents(parents: CommonRouteSpec['parentRefs']): ServiceReference[] {
  return (parents ?? []).flatMap((parent, index) =>
    isServiceParent(parent)
      ? [{ field: child(item('spec.parentRefs', index), 'name'), host: hostOf(parent.name, parent.namespace) }]
      : [],
  )
}

function ofBackend(backend: BackendObjectReference, field: string): ServiceReference[] {
  if (!isServiceBackend(backend)) return []
  return [{ field: child(field, 'name'), host: hostOf(backend.name, backend.namespace) }]
}

function ofMirrors(
  filters: readonly Pick<HttpFilter, 'requestMirror'>[] | undefined,
  field: string,
): ServiceReference[] {
  return (filters ?? []).flatMap(({ requestMirror }, index) =>
    requestMirror === undefined
      ? []
      : ofBackend(requestMirror.backendRef, child(item(field, index), 'requestMirror.backendRef')),
  )
}
