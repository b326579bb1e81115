import { DEFAULT_SERVICE_ACCOUNT, DEFAULT_WORKLOAD_WEIGHT, type WorkloadPort } from '@weft/mesh-protocol'
import type { ConfigResource } from '../config/resource.ts'
import type { ReadinessProbeSpec, WorkloadGroupSpec } from '../config/spec/workload-group.ts'
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
  readonly probe: ReadinessProbeSpec | undefined
}

/** A WorkloadGroup that passed validation. */
export function workloadGroupOf({ spec }: ConfigResource): WorkloadGroup {
  const { metadata, template, probe } = spec as unknown as WorkloadGroupSpec
  const { labels, serviceAccount, locality, weight, ports } = template
  return {
    labels: { ...labels, ...metadata?.labels },
    serviceAccount: serviceAccount === '' ? undefined : serviceAccount,
    locality: locality === '' ? undefined : locality,
    weight: weight === 0 ? undefined : weight,
    ports: ports ?? {},
    probe,
  }
}

/**
 * What a registration leaves open is as the group says. The service account of one that has a certificate is what that proves:
 * under any other name its callers would refuse it.
 */
export function fillUp(workload: Workload, group: WorkloadGroup): Workload {
  const { labels, serviceAccount, locality, weight, tlsMode } = workload
  const isOpen = serviceAccount === DEFAULT_SERVICE_ACCOUNT && tlsMode === undefined
  return {
    ...workload,
    labels: { ...group.labels, ...labels },
    serviceAccount: isOpen ? (group.serviceAccount ?? serviceAccount) : serviceAccount,
    locality: locality === '' ? (group.locality ?? '') : locality,
    weight: weight === DEFAULT_WORKLOAD_WEIGHT ? (group.weight ?? weight) : weight,
    ports: workload.ports.map((port) => named(port, group.ports)),
  }
}

/** Without a probe, what an earlier one has found holds no longer. */
function withoutProbe(workload: Workload): Workload {
  return workload.healthStatus === 'UNHEALTHY' ? { ...workload, healthStatus: 'UNKNOWN' } : workload
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
  private probesNow: ReadonlyMap<string, ReadinessProbeSpec> = new Map()

  /** The readiness probes that there are, by `namespace/name` of their group. */
  get probes(): ReadonlyMap<string, ReadinessProbeSpec> {
    return this.probesNow
  }

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
    if (groups.size > 0) this.probesNow = probesOf(this.groups)
    for (const [id, workload] of touched) {
      if (workload === undefined) continue
      const group = this.groups.get(groupName(workload))
      const known = group?.probe === undefined ? withoutProbe(workload) : workload
      touched.set(id, group === undefined ? known : fillUp(known, group))
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

function probesOf(groups: ReadonlyMap<string, WorkloadGroup>): ReadonlyMap<string, ReadinessProbeSpec> {
  const probes = new Map<string, ReadinessProbeSpec>()
  for (const [name, { probe }] of groups) if (probe !== undefined) probes.set(name, probe)
  return probes
}

const groupName = ({ namespace, workload = '' }: Workload): string => `${namespace}/${workload}`
