import { item } from '../field-path.ts'
import { isIstioLabel } from '../names.ts'
import { quote } from './hosts.ts'
import type { Report } from './report.ts'

export interface ExportToOptions {
  /** Default `spec.exportTo`. */
  readonly field?: string
  /** A DestinationRule with a workload selector stays in its own namespace. Default false. */
  readonly ownNamespaceOnly?: boolean
  /** A ServiceEntry may be visible to nobody, `~`. Default false. */
  readonly allowNobody?: boolean
}

const NOBODY = '~'

/** To which namespaces a resource is visible (Istio `validateExportTo`). */
export function checkExportTo(
  exportTo: readonly string[] | undefined,
  namespace: string,
  { field = 'spec.exportTo', ownNamespaceOnly = false, allowNobody = false }: ExportToOptions,
  report: Report,
): void {
  if (exportTo === undefined || exportTo.length === 0) return
  const seen = new Set<string>()
  exportTo.forEach((value, index) => {
    const resolved = value === '.' ? namespace : value
    const problem = seen.has(resolved) ? duplicate(value, namespace) : entryProblem(resolved, allowNobody)
    report.check(item(field, index), problem)
    if (problem === undefined) seen.add(resolved)
  })
  if (seen.has('*') && exportTo.length > 1) {
    report.violation(field, '"*" already means every namespace: give it alone, or only namespaces')
  }
  if (seen.has(NOBODY) && exportTo.length > 1) {
    report.violation(field, '"~" means nobody: give it alone, or name who may see it')
  }
  if (ownNamespaceOnly && seen.size > 0 && (!seen.has(namespace) || seen.size > 1)) {
    report.violation(field, 'with a workloadSelector the rule stays in its own namespace: give only "."')
  }
}

function duplicate(value: string, namespace: string): string {
  return value === '.' || value === namespace
    ? `is there twice: "." is the resource's own namespace ${namespace}`
    : `${quote(value)} is there twice`
}

function entryProblem(value: string, allowNobody: boolean): string | undefined {
  if (value === '*' || isIstioLabel(value) || (allowNobody && value === NOBODY)) return undefined
  const nobody = allowNobody ? ', "~" (nobody)' : ''
  return `${quote(value)} must be "." (own namespace), "*" (every namespace)${nobody} or a namespace`
}
