import { MultiMap } from '../kernel/multi-map.ts'
import { PersistentMap } from '../kernel/persistent-map.ts'
import type { Workload } from './model.ts'
import { selectableLabels, selects } from './workload-entry.ts'

type Selector = Readonly<Record<string, string>>

/** Finds workloads by the service they name and by label, and selectors by workload, each without looking at the rest. */
export class WorkloadIndex {
  private all = PersistentMap.empty<Workload>()
  private readonly byService = new MultiMap<string>()
  private readonly byLabel = new MultiMap<string>()
  /** Hosts of services with a selector, by the first label that the selector names. */
  private readonly selectors = new MultiMap<string>()
  private readonly selectorOf = new Map<string, Selector>()

  get workloads(): PersistentMap<Workload> {
    return this.all
  }

  setWorkloads(changes: ReadonlyMap<string, Workload | undefined>): void {
    for (const [id, workload] of changes) {
      const before = this.all.get(id)
      if (before !== undefined) this.unindex(before)
      if (workload !== undefined) this.index(workload)
    }
    this.all = this.all.with(changes)
  }

  setSelector(host: string, namespace: string, selector: Selector | undefined): void {
    const before = this.selectorOf.get(host)
    if (before !== undefined) this.selectors.delete(firstPair(namespace, before), host)
    if (selector === undefined) {
      this.selectorOf.delete(host)
      return
    }
    this.selectorOf.set(host, selector)
    this.selectors.add(firstPair(namespace, selector), host)
  }

  registeredFor(namespace: string, service: string): Workload[] {
    return this.resolve(this.byService.get(`${namespace}/${service}`))
  }

  selectedBy(namespace: string, selector: Selector): Workload[] {
    return this.resolve(this.byLabel.get(firstPair(namespace, selector))).filter((workload) =>
      selects(selector, workload),
    )
  }

  /** Hosts of services whose selector takes this workload. */
  selecting(workload: Workload): string[] {
    const hosts = Object.entries(selectableLabels(workload)).flatMap(([key, value]) => [
      ...this.selectors.get(pair(workload.namespace, key, value)),
    ])
    return hosts.filter((host) => selects(this.selectorOf.get(host) ?? {}, workload))
  }

  private index(workload: Workload): void {
    this.byService.add(`${workload.namespace}/${workload.service}`, workload.id)
    for (const label of labelPairs(workload)) this.byLabel.add(label, workload.id)
  }

  private unindex(workload: Workload): void {
    this.byService.delete(`${workload.namespace}/${workload.service}`, workload.id)
    for (const label of labelPairs(workload)) this.byLabel.delete(label, workload.id)
  }

  private resolve(ids: ReadonlySet<string>): Workload[] {
    return [...ids].map((id) => this.all.get(id)).filter((workload) => workload !== undefined)
  }
}

const pair = (namespace: string, key: string, value: string): string => `${namespace}/${key}=${value}`

function firstPair(namespace: string, selector: Selector): string {
  const [key = '', value = ''] = Object.entries(selector)[0] ?? []
  return pair(namespace, key, value)
}

function labelPairs(workload: Workload): string[] {
  return Object.entries(selectableLabels(workload)).map(([key, value]) => pair(workload.namespace, key, value))
}
