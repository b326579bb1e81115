import { child, item } from '../../config/field-path.ts'
import type { RouteDestination, VirtualServiceSpec } from '../../config/spec/virtual-service.ts'
import type { Finding } from '../finding.ts'
import type { MeshView } from '../mesh-view.ts'

/** WEFT0306: weights that are no percentages. That they are not all 0 is held by validation. */
export function* weights({ ofKind }: MeshView): Generator<Finding> {
  for (const subject of ofKind<VirtualServiceSpec>('VirtualService')) {
    const { http = [], tls = [], tcp = [] } = subject.resource.spec
    for (const [name, routes] of Object.entries({ http, tls, tcp })) {
      for (const [index, { route }] of routes.entries()) {
        const message = problemOf(route ?? [])
        if (message === undefined) continue
        yield { code: 'WEFT0306', subject, field: child(item(`spec.${name}`, index), 'route'), message }
      }
    }
  }
}

function problemOf(destinations: readonly RouteDestination[]): string | undefined {
  const total = destinations.reduce((sum, { weight = 0 }) => sum + weight, 0)
  if (destinations.length === 1) {
    return total === 0 || total === 100
      ? undefined
      : `one destination takes everything, whatever its weight of ${total}`
  }
  return destinations.length === 0 || total === 100 ? undefined : `the weights sum to ${total}, not 100`
}
