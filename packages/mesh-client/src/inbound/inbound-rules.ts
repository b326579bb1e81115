import {
  type Fault,
  fail,
  type InboundFault,
  type InboundPolicy,
  type InboundRoute,
  ok,
  type Result,
  type Violation,
} from '@weft/mesh-protocol'
import { type CompiledMatch, compileMatch, matches } from '../routing/compile-match.ts'
import { withoutQuery } from '../routing/request-value.ts'
import type { RouteRequest } from '../routing/route-table.ts'
import { type CompiledCors, compileCors } from './cors.ts'

/** What an inbound policy says of single requests, compiled once. Immutable. */
export interface InboundRules {
  /** The CORS policy of the first route that matches; absent: no route has one. */
  readonly cors: ((request: RouteRequest, servicePort: number) => CompiledCors | undefined) | undefined
  /** The failures of the first rule that matches; absent: there are none. */
  readonly fault: ((request: RouteRequest) => Fault | undefined) | undefined
}

export const NO_RULES: InboundRules = { cors: undefined, fault: undefined }

/** What only shows now is reported with its field: regexes that are no RE2 or too large. */
export function compileInboundRules({ routes = [], faults = [] }: InboundPolicy): Result<InboundRules> {
  const violations: Violation[] = []
  const rules = {
    cors: routes.some(({ cors }) => cors !== undefined) ? compileRoutes(routes, violations) : undefined,
    fault: faults.length === 0 ? undefined : compileFaults(faults, violations),
  }
  return violations.length > 0 ? fail(violations) : ok(rules)
}

function compileRoutes(routes: readonly InboundRoute[], violations: Violation[]): NonNullable<InboundRules['cors']> {
  const compiled = routes.map(({ match, servicePorts, cors }, index) => ({
    match: compileMatch(match, `routes[${index}].match`, violations),
    servicePorts,
    cors: cors === undefined ? undefined : compileCors(cors, `routes[${index}].cors`, violations),
  }))
  return (request, servicePort) => {
    const path = withoutQuery(request.path)
    const first = compiled.find(
      ({ match, servicePorts }) =>
        (servicePorts === undefined || servicePorts.includes(servicePort)) && matches(match, request, path),
    )
    return first?.cors
  }
}

function compileFaults(faults: readonly InboundFault[], violations: Violation[]): NonNullable<InboundRules['fault']> {
  const compiled: readonly { readonly match: CompiledMatch; readonly fault: Fault }[] = faults.map(
    ({ match, fault }, index) => ({ match: compileMatch(match, `faults[${index}].match`, violations), fault }),
  )
  return (request) => {
    const path = withoutQuery(request.path)
    return compiled.find(({ match }) => matches(match, request, path))?.fault
  }
}
