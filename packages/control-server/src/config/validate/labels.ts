import { entry } from '../field-path.ts'
import { isIstioLabel, isLabelKey, isLabelValue } from '../names.ts'
import { quote } from './hosts.ts'
import type { Report } from './report.ts'

type Labels = Readonly<Record<string, string>>

/** Keys and values as Kubernetes labels have them (Istio `labels.Instance.Validate`). */
export function checkLabels(labels: Labels | undefined, field: string, report: Report): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    if (!isLabelKey(key)) {
      report.violation(
        entry(field, key),
        `${quote(key)} is no label key: write name or prefix/name, of letters, digits, '-', '_' and '.'`,
      )
    }
    if (!isLabelValue(value)) {
      report.violation(
        entry(field, key),
        `${quote(value)} is no label value: letters, digits, '-', '_' and '.' between letters or digits`,
      )
    }
  }
}

/** Istio `validateWorkloadSelector`, and `ValidateAlphaWorkloadSelector` of the older kinds, which say `labels`. */
export function checkWorkloadSelector(
  selector: { readonly matchLabels?: Labels; readonly labels?: Labels } | undefined,
  field: string,
  report: Report,
): void {
  if (selector === undefined) return
  const name = selector.labels === undefined ? 'matchLabels' : 'labels'
  const labels = Object.entries(selector[name] ?? {})
  if (labels.length === 0) report.warning(field, 'without labels it selects every workload')
  for (const [key, value] of labels) {
    const at = entry(`${field}.${name}`, key)
    if (key === '') report.violation(at, 'the key must not be empty')
    if (key.includes('*') || value.includes('*')) report.violation(at, 'wildcards are not supported in a selector')
  }
}

export function checkNamespaceName(namespace: string | undefined, field: string, report: Report): void {
  if (namespace !== undefined && namespace !== '' && !isIstioLabel(namespace)) {
    report.violation(field, `${quote(namespace)} is no namespace: letters, digits and '-', at most 63 of them`)
  }
}
