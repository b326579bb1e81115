import type { WorkloadRegistration } from '@weft/mesh-protocol'
import { WORKLOADS } from '../store/keys.ts'
import type { Entry } from '../store/store.ts'
import type { Workload } from './model.ts'

/** A workload as it is stored; only registrations that were checked are. */
export function workloadOf(entry: Entry): Workload {
  const registration = JSON.parse(entry.value) as WorkloadRegistration
  return { ...registration, id: entry.key.slice(WORKLOADS.length) }
}

/**
 * Labels that a Service's selector is held against. A workload that sets no `app` is selected by its service's name, which is
 * what the label says by convention.
 */
export function selectableLabels(workload: Pick<Workload, 'labels' | 'service'>): Readonly<Record<string, string>> {
  if (workload.service === '') return workload.labels
  return Object.hasOwn(workload.labels, 'app') ? workload.labels : { app: workload.service, ...workload.labels }
}

export function selects(
  selector: Readonly<Record<string, string>>,
  workload: Pick<Workload, 'labels' | 'service'>,
): boolean {
  const labels = selectableLabels(workload)
  return Object.entries(selector).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value)
}
