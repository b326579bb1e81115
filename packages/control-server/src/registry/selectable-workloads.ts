import type { Model, Workload } from './model.ts'
import { selectableLabels } from './workload-entry.ts'

/** The registered workloads, with the labels that selectors are held against. */
export function selectableWorkloads({ workloads }: Pick<Model, 'workloads'>): readonly Workload[] {
  return Array.from(workloads.values(), (workload) => ({ ...workload, labels: selectableLabels(workload) }))
}
