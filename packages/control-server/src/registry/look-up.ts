import type { EntryService } from './entry-table.ts'
import type { MeshService, ServiceInstance } from './model.ts'
import type { ServiceRecord } from './service-record.ts'

/** The immutable tables that a model looks into. */
export interface LookUp {
  /** By record key. */
  readonly records: ReadonlyMap<string, ServiceRecord>
  readonly entryServices: ReadonlyMap<string, readonly EntryService[]>
}

const NO_INSTANCES: readonly ServiceInstance[] = []
const NO_ENTRIES: readonly EntryService[] = []

/** Every definition of a host, by precedence. */
export function definitionsOf({ records, entryServices }: LookUp, host: string): readonly MeshService[] {
  const own = records.get(host)?.service
  const others = (entryServices.get(host) ?? NO_ENTRIES).map(({ service }) => service)
  return own === undefined ? others : [own, ...others]
}

/** As `Model.instances`. An address that several ServiceEntries of one service have is one instance. */
export function instancesOf(
  { records, entryServices }: LookUp,
  host: string,
  port: number,
  entry: string | undefined,
): readonly ServiceInstance[] {
  if (entry === undefined) return records.get(host)?.instances(port) ?? NO_INSTANCES
  const found = (entryServices.get(host) ?? NO_ENTRIES).find(({ service }) => service.entry === entry)
  const keys = found?.records ?? []
  if (keys.length === 1) return records.get(keys[0] as string)?.instances(port) ?? NO_INSTANCES
  const byAddress = new Map<string, ServiceInstance>()
  for (const key of keys) {
    for (const instance of records.get(key)?.instances(port) ?? NO_INSTANCES) {
      const address = `${instance.workload.address} ${instance.listenPort}`
      if (!byAddress.has(address)) byAddress.set(address, instance)
    }
  }
  return [...byAddress.values()]
}
