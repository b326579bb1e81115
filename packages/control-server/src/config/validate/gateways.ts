import { item } from '../field-path.ts'
import { isIstioLabel } from '../names.ts'
import { domainProblem, quote } from './hosts.ts'
import type { Report } from './report.ts'

const FORM = 'write mesh, name or namespace/name'

/** Names of gateways: `mesh`, `name`, `namespace/name` or the older full name (Istio `validateGatewayNames`). */
export function checkGatewayNames(names: readonly string[] | undefined, field: string, report: Report): void {
  for (const [index, name] of (names ?? []).entries()) {
    const at = item(field, index)
    const slash = name.indexOf('/')
    if (slash < 0) {
      checkBareName(name, at, report)
      // As in Istio: what follows a name without a namespace is not looked at.
      return
    }
    const namespace = name.slice(0, slash)
    const gateway = name.slice(slash + 1)
    if (!isIstioLabel(namespace)) report.violation(at, `${quote(namespace)} is no namespace; ${FORM}`)
    if (!isIstioLabel(gateway)) report.violation(at, `${quote(gateway)} is no name of a gateway; ${FORM}`)
  }
}

function checkBareName(name: string, field: string, report: Report): void {
  const [gateway, namespace] = name.split('.')
  if (namespace !== undefined)
    report.warning(field, `deprecated form of a gateway name; write ${namespace}/${gateway}`, 'deprecated')
  report.check(field, domainProblem(name))
}
