import type { WorkloadPort } from '@weft/mesh-protocol'
import type { ConfigResource } from '../config/resource.ts'
import type { WorkloadGroupSpec } from '../config/spec/workload-group.ts'
import { MultiMap } from '../kernel/multi-map.ts'
import type { Workload } from './model.ts'

/** A group as its registrations are filled up with; its name is that of the workload that they name. */
export interface WorkloadGroup {
  readonly labels: Readonly<Record<string, string>>
  readonly serviceAccount: string | undefined
  readonly locality: string | undefined
  readonly weight: number | undefined
  /** Name to the workload's port. */
  readonly ports: Readonly<Record<string, number>>
}

/** What a registration says that says nothing. */
const DEFAULT_SERVICE_ACCOUNT = 'default'
const DEFAULT_WEIGHT = 1

/** A WorkloadGroup that passed validation. */
export function workloadGroupOf({ spec }: ConfigResource): WorkloadGroup {
  const { metadata, template } = spec as unknown as WorkloadGroupSpec
  const { labels, serviceAccount, locality, weight, ports } = template
  return {
    labels: { ...labels, ...metadata?.labels },
    serviceAccount: serviceAccount === '' ? undefined : serviceAccount,
    locality: locality === '' ? undefined : locality,
    weight: weight === 0 ? undefined : weight,
    ports: ports ?? {},
  }
}

/** What a registration leaves open is as the group says. */
export function fillUp(workload: Workload, group: WorkloadGroup): Workload {
  const { labels, serviceAccount, locality, weight } = workload
  return {
    ...workload,
    labels: { ...group.labels, ...labels },
    serviceAccount:
      serviceAccount === DEFAULT_SERVICE_ACCOUNT ? (group.serviceAccount ?? serviceAccount) : serviceAccount,
    locality: locality === '' ? (group.locality ?? '') : locality,
    weight: weight === DEFAULT_WEIGHT ? (group.weight ?? weight) : weight,
    ports: workload.ports.map((port) => named(port, group.ports)),
  }
}

function named(port: WorkloadPort, names: WorkloadGroup['ports']): WorkloadPort {
  const found = Object.entries(names).find(([, number]) => number === port.port)
  return found === undefined ? port : { ...port, name: found[0] }
}

/** Registrations with the groups that they belong to. */
export class WorkloadGroups {
  private readonly groups = new Map<string, WorkloadGroup>()
  private readonly members = new MultiMap<string>()
  /** Those that name a workload, as they registered. */
  private readonly registered = new Map<string, Workload>()

  /**
   * What registrations and groups that changed come to, by id of the workload.
   *
   * @param workloads by id
   * @param groups by `namespace/name`
   */
  apply(
    workloads: ReadonlyMap<string, Workload | undefined>,
    groups: ReadonlyMap<string, WorkloadGroup | undefined>,
  ): ReadonlyMap<string, Workload | undefined> {
    for (const [id, workload] of workloads) this.note(id, workload)
    const touched = new Map(workloads)
    for (const [name, group] of groups) {
      if (group === undefined) this.groups.delete(name)
      else this.groups.set(name, group)
      for (const id of this.members.get(name)) touched.set(id, this.registered.get(id))
    }
    for (const [id, workload] of touched) {
      const group = workload && this.groups.get(groupName(workload))
      if (workload !== undefined && group !== undefined) touched.set(id, fillUp(workload, group))
    }
    return touched
  }

  private note(id: string, workload: Workload | undefined): void {
    const before = this.registered.get(id)
    if (before !== undefined) this.members.delete(groupName(before), id)
    this.registered.delete(id)
    if (workload?.workload === undefined) return
    this.registered.set(id, workload)
    this.members.add(groupName(workload), id)
  }
}

const groupName = ({ namespace, workload = '' }: Workload): string => `${namespace}/${workload}`
