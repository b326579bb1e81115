import { item } from '../field-path.ts'
import { isIstioLabel } from '../names.ts'
import { quote } from './hosts.ts'
import type { Report } from './report.ts'

export interface ExportToOptions {
  /** A DestinationRule with a workload selector stays in its own namespace. */
  readonly ownNamespaceOnly: boolean
}

/** To which namespaces a resource is visible (Istio `validateExportTo`). */
export function checkExportTo(
  exportTo: readonly string[] | undefined,
  namespace: string,
  { ownNamespaceOnly }: ExportToOptions,
  report: Report,
): void {
  if (exportTo === undefined || exportTo.length === 0) return
  const field = 'spec.exportTo'
  const seen = new Set<string>()
  exportTo.forEach((value, index) => {
    const resolved = value === '.' ? namespace : value
    const problem = seen.has(resolved) ? duplicate(value, namespace) : entryProblem(resolved)
    report.check(item(field, index), problem)
    if (problem === undefined) seen.add(resolved)
  })
  if (seen.has('*') && exportTo.length > 1) {
    report.violation(field, '"*" already means every namespace: give it alone, or only namespaces')
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

function entryProblem(value: string): string | undefined {
  if (value === '*' || isIstioLabel(value)) return undefined
  return `${quote(value)} must be "." (own namespace), "*" (every namespace) or a namespace`
}
