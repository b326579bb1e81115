import { child, item } from '../config/field-path.ts'
import type { Destination, RouteDestination, VirtualServiceSpec } from '../config/spec/virtual-service.ts'

/** A destination with its path. */
export interface PlacedDestination {
  readonly destination: Destination
  readonly field: string
}

/** Every destination of a VirtualService, mirrors too. */
export function* destinationsOf({ http = [], tls = [], tcp = [] }: VirtualServiceSpec): Generator<PlacedDestination> {
  for (const [index, { route, mirror, mirrors = [] }] of http.entries()) {
    const at = item('spec.http', index)
    yield* ofRoutes(route, child(at, 'route'))
    if (mirror !== undefined) yield { destination: mirror, field: child(at, 'mirror') }
    yield* ofRoutes(mirrors, child(at, 'mirrors'))
  }
  for (const [index, { route }] of tls.entries()) yield* ofRoutes(route, child(item('spec.tls', index), 'route'))
  for (const [index, { route }] of tcp.entries()) yield* ofRoutes(route, child(item('spec.tcp', index), 'route'))
}

function* ofRoutes(routes: readonly RouteDestination[] | undefined, field: string): Generator<PlacedDestination> {
  for (const [index, { destination }] of (routes ?? []).entries()) {
    yield { destination, field: child(item(field, index), 'destination') }
  }
}
