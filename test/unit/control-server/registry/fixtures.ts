import type { WorkloadRegistration } from '@weft/mesh-protocol'
import { KINDS } from '../../../../packages/control-server/src/config/resource.ts'
import { knownServiceKey, resourceKey, workloadKey } from '../../../../packages/control-server/src/store/keys.ts'
import type { Change, ChangeBatch, Entry } from '../../../../packages/control-server/src/store/store.ts'

export function registration(given: Partial<WorkloadRegistration> = {}): WorkloadRegistration {
  return {
    service: 'reviews',
    namespace: 'default',
    address: '10.0.0.1',
    ports: [{ name: 'http', servicePort: 80, port: 9080, listenPort: 41_000, protocol: 'http' }],
    labels: { version: 'v1' },
    serviceAccount: 'default',
    locality: '',
    weight: 1,
    ...given,
  }
}

/** What is to be at a key from now on; `undefined`: nothing. */
export type Put = readonly [key: string, value: unknown]

export const workload = (id: string, given?: Partial<WorkloadRegistration>): Put => [
  workloadKey(id),
  registration(given),
]

export const known = (name: string, ports: readonly unknown[], namespace = 'default'): Put => [
  knownServiceKey(namespace, name),
  { ports, seenAtMs: 0 },
]

export const knownPort = (number: number): object => ({ name: 'http', number, protocol: 'http', targetPort: number })

export function resource(kind: string, name: string, spec: object | undefined, namespace = 'default'): Put {
  const { group = '', plural = '' } = KINDS.find((info) => info.kind === kind) ?? {}
  const key = resourceKey({ group, plural, namespace, name })
  const apiVersion = group === '' ? 'v1' : `${group}/v1`
  return [key, spec && { apiVersion, kind, metadata: { name, namespace }, spec }]
}

/** A store's entries as plain data, and the batches that change them. */
export class Entries {
  private readonly table = new Map<string, Entry>()
  revision = 0

  get all(): Entry[] {
    return [...this.table.values()]
  }

  change(...puts: readonly Put[]): ChangeBatch {
    const revision = ++this.revision
    const changes = new Map<string, Change>()
    for (const [key, value] of puts) {
      const previous = changes.get(key)?.previous ?? this.table.get(key)
      const createRevision = previous?.createRevision ?? revision
      const entry =
        value === undefined
          ? undefined
          : { key, value: JSON.stringify(value), createRevision, modRevision: revision, leaseId: undefined }
      changes.set(key, { key, entry, previous })
    }
    for (const { key, entry } of changes.values()) {
      if (entry === undefined) this.table.delete(key)
      else this.table.set(key, entry)
    }
    return { revision, changes: [...changes.values()].filter(({ entry, previous }) => entry !== previous) }
  }
}
