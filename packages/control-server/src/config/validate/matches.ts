import { child, entry } from '../field-path.ts'
import type { HttpMatchRequest, StringMatchMap } from '../spec/virtual-service.ts'
import type { Context } from './context.ts'
import { checkGatewayNames } from './gateways.ts'
import { isJwtClaim, matchNameProblem } from './headers.ts'
import { checkLabels, checkNamespaceName } from './labels.ts'
import { checkOptionalPort } from './ports.ts'
import { checkStringMatch, checkStringMatches } from './string-match.ts'

/** One `match` of an HTTP route. `onGateway`: whether the VirtualService is bound to gateways only. */
export function checkHttpMatch(match: HttpMatchRequest, field: string, onGateway: boolean, context: Context): void {
  const { report } = context
  checkStringMatch(match.uri, child(field, 'uri'), context, { emptyPrefix: true })
  for (const name of ['scheme', 'method', 'authority'] as const) {
    checkStringMatch(match[name], child(field, name), context)
  }
  checkStringMatches(match.headers, child(field, 'headers'), context)
  checkStringMatches(match.withoutHeaders, child(field, 'withoutHeaders'), context, { starIsPresence: true })
  checkStringMatches(match.queryParams, child(field, 'queryParams'), context)
  if (Object.hasOwn(match.queryParams ?? {}, '')) {
    report.violation(entry(child(field, 'queryParams'), ''), 'needs the name of the parameter')
  }
  checkNames(match.headers, child(field, 'headers'), onGateway, context)
  checkNames(match.withoutHeaders, child(field, 'withoutHeaders'), onGateway, context)
  checkOptionalPort(match.port, child(field, 'port'), report)
  checkLabels(match.sourceLabels, child(field, 'sourceLabels'), report)
  checkGatewayNames(match.gateways, child(field, 'gateways'), report)
  checkNamespaceName(match.sourceNamespace, child(field, 'sourceNamespace'), report)
}

function checkNames(headers: StringMatchMap | undefined, field: string, onGateway: boolean, { report }: Context): void {
  for (const name of Object.keys(headers ?? {})) {
    const at = entry(field, name)
    report.check(at, matchNameProblem(name))
    if (isJwtClaim(name) && !onGateway) {
      report.violation(at, 'routing by a claim of a token is only for a VirtualService that is bound to gateways')
    }
  }
}
