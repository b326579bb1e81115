import { child, item } from '../field-path.ts'
import { isIstioLabel } from '../names.ts'
import type { Destination, RouteDestination } from '../spec/virtual-service.ts'
import { quote, wildcardDomainProblem } from './hosts.ts'
import { checkPortSelector } from './ports.ts'
import type { Report } from './report.ts'

export function subsetNameProblem(name: string): string | undefined {
  if (name === '') return 'the name of a subset must not be empty'
  return isIstioLabel(name)
    ? undefined
    : `${quote(name)} is no name of a subset: letters, digits and '-', at most 63 of them`
}

/** Where a route leads (Istio `validateDestination`). */
export function checkDestination(destination: Destination | undefined, field: string, report: Report): void {
  if (destination === undefined) return
  const { host = '', subset, port } = destination
  report.check(child(field, 'host'), host === '*' ? 'must name one host, not *' : wildcardDomainProblem(host))
  if (subset !== undefined && subset !== '') report.check(child(field, 'subset'), subsetNameProblem(subset))
  checkPortSelector(port, child(field, 'port'), report)
}

/** The destinations of one route with their weights, which need not sum to anything. */
export function checkDestinations(
  destinations: readonly RouteDestination[] | undefined,
  field: string,
  report: Report,
): void {
  if (destinations === undefined) return
  for (const [index, { destination, weight = 0 }] of destinations.entries()) {
    const at = item(field, index)
    checkDestination(destination, child(at, 'destination'), report)
    if (weight < 0) report.violation(child(at, 'weight'), `must be 0 or more, not ${weight}`)
  }
  const total = destinations.reduce((sum, { weight = 0 }) => sum + weight, 0)
  if (destinations.length > 1 && total === 0) {
    report.violation(field, 'the weights of several destinations must not all be 0: nothing would be sent anywhere')
  }
}
