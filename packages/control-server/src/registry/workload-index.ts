import { MultiMap } from '../kernel/multi-map.ts'
import type { Workload } from './model.ts'
import { selectableLabels, selects } from './workload-entry.ts'

type Selector = Readonly<Record<string, string>>

/**
 * Finds workloads by the service they name and by label, and selectors by workload, each without looking at the rest.
 * Selectors are known by the key of the service's record.
 */
export class WorkloadIndex {
  private readonly all = new Map<string, Workload>()
  private readonly byService = new MultiMap<string>()
  private readonly byLabel = new MultiMap<string>()
  /** Records of services with a selector, by the first label that the selector names. */
  private readonly selectors = new MultiMap<string>()
  private readonly selectorOf = new Map<string, Selector>()

  get workloads(): ReadonlyMap<string, Workload> {
    return this.all
  }

  setWorkloads(changes: ReadonlyMap<string, Workload | undefined>): void {
    for (const [id, workload] of changes) {
      const before = this.all.get(id)
      if (before !== undefined) this.unindex(before)
      if (workload === undefined) this.all.delete(id)
      else {
        this.all.set(id, workload)
        this.index(workload)
      }
    }
  }

  setSelector(record: string, namespace: string, selector: Selector | undefined): void {
    const before = this.selectorOf.get(record)
    if (before !== undefined) this.selectors.delete(firstPair(namespace, before), record)
    if (selector === undefined) {
      this.selectorOf.delete(record)
      return
    }
    this.selectorOf.set(record, selector)
    this.selectors.add(firstPair(namespace, selector), record)
  }

  registeredFor(namespace: string, service: string): Workload[] {
    return this.resolve(this.byService.get(`${namespace}/${service}`))
  }

  selectedBy(namespace: string, selector: Selector): Workload[] {
    return this.resolve(this.byLabel.get(firstPair(namespace, selector))).filter((workload) =>
      selects(selector, workload),
    )
  }

  /** Records of services whose selector takes this workload. */
  selecting(workload: Workload): string[] {
    const records = labelPairs(workload).flatMap((label) => [...this.selectors.get(label)])
    return records.filter((record) => selects(this.selectorOf.get(record) ?? {}, workload))
  }

  private index(workload: Workload): void {
    if (workload.service !== '') this.byService.add(`${workload.namespace}/${workload.service}`, workload.id)
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

/** The last one is what a selector without labels, which takes every workload of its namespace, begins with. */
function labelPairs(workload: Workload): string[] {
  const labels = Object.entries(selectableLabels(workload)).map(([key, value]) => pair(workload.namespace, key, value))
  return [...labels, firstPair(workload.namespace, {})]
}
