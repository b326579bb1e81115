import { type Result, serviceHost, type Violation } from '@weft/mesh-protocol'
import type { ConfigResource, KindInfo } from '../config/resource.ts'
import type { MakeId } from '../kernel/identifier.ts'
import { mergePatch } from '../kernel/json-value.ts'
import { formatTimestamp } from '../kernel/timestamp.ts'
import { resourceKey } from '../store/keys.ts'
import type { Entry, Operation, Store } from '../store/store.ts'
import { type NextResource, nextResource } from './next-resource.ts'
import { policyHosts } from './policy-hosts.ts'
import { addressOf, fitToUrl, keyOf, nameOf, type ResourceAddress } from './resource-address.ts'
import { entryValueOf, resourceOfEntry } from './stored-resource.ts'
import {
  type Commit,
  conflict,
  notFound,
  precondition,
  type Refusal,
  type WriteMode,
  type Written,
} from './write-outcome.ts'
import type { ResourceChange, Writer } from './writer.ts'

/** Another writer came in between; more often in a row than this is no accident. */
const MAX_ROUNDS = 20

/** What schema and semantics say of one resource. */
export type CheckResource = (value: unknown, options: { readonly defaultNamespace?: string }) => Checked

/** A resource as it came. */
export interface Given {
  readonly value: unknown
  /** For people, where there are several: which of them it is. */
  readonly where: string
}

export interface Checked {
  /** The resource as it is to be stored; `undefined` where violations say why not. */
  readonly resource: ConfigResource | undefined
  readonly violations: readonly Violation[]
  readonly warnings: readonly string[]
}

export interface ResourcesOptions {
  readonly store: Store
  readonly domain: string
  readonly makeId: MakeId
  readonly wallNow: () => number
  readonly check: CheckResource
  /** Warns of what a resource refers to and what is not there, even once all of these are stored. */
  readonly findDangling: (all: readonly ConfigResource[]) => (resource: ConfigResource) => readonly string[]
  /** The hosts that resources which name none are about. Absent: none. */
  readonly delegatingHosts?: (delegates: readonly ConfigResource[]) => Iterable<string>
}

export interface WriteOptions {
  readonly dryRun: boolean
  readonly mode: WriteMode
  /** Of a resource that names none. Default `default`. */
  readonly defaultNamespace?: string
  /** Who writes. Absent: somebody who may everywhere, and of whom nobody keeps account. */
  readonly by?: Writer
}

/** A deletion is refused unless these are those of what is stored. */
export interface DeletePreconditions {
  readonly uid?: string
  readonly resourceVersion?: string
}

/** The resources that people write: checked, then stored, all of one call or none. */
export class Resources {
  private readonly options: ResourcesOptions

  constructor(options: ResourcesOptions) {
    this.options = options
  }

  async get(address: ResourceAddress): Promise<ConfigResource | undefined> {
    const entry = await this.options.store.get(keyOf(address))
    return entry && resourceOfEntry(entry)
  }

  /** Of one namespace, or of all. */
  async list(
    { group, plural }: KindInfo,
    namespace?: string,
  ): Promise<{ readonly revision: number; readonly resources: readonly ConfigResource[] }> {
    const ofNamespace = resourceKey({ group, plural, namespace: namespace ?? '', name: '' })
    const prefix = namespace === undefined ? ofNamespace.slice(0, -1) : ofNamespace
    const { revision, entries } = await this.options.store.list(prefix)
    return { revision, resources: entries.map(resourceOfEntry) }
  }

  /** A resource that is given more than once counts as it was given last. */
  async write(values: readonly Given[], options: WriteOptions): Promise<Result<Commit, Refusal>> {
    const { resources, violations, warnings } = this.check(values, options)
    if (violations.length > 0) return refuse({ reason: 'Invalid', violations })
    for (const resource of resources) {
      const forbidden = options.by?.refuseResource(resource)
      if (forbidden !== undefined) return refuse({ reason: 'Forbidden', message: forbidden })
    }
    return this.writeChecked(resources, options, [...warnings, ...this.findDangling(resources)])
  }

  /** Applies a JSON Merge Patch to what is stored. */
  async patch(
    address: ResourceAddress,
    patch: unknown,
    options: Omit<WriteOptions, 'mode' | 'defaultNamespace'>,
  ): Promise<Result<Commit, Refusal>> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const before = await this.get(address)
      if (before === undefined) return refuse(notFound(address))
      const { value, violations } = fitToUrl(mergePatch(before, patch), address)
      if (violations.length > 0) return refuse({ reason: 'Invalid', violations })
      const result = await this.write([{ value, where: '' }], { ...options, mode: 'update' })
      if (result.ok || result.error.reason !== 'Conflict' || namesVersion(patch)) return result
    }
    throw tooBusy()
  }

  async delete(
    address: ResourceAddress,
    options: DeletePreconditions & Pick<WriteOptions, 'dryRun' | 'by'>,
  ): Promise<Result<Commit, Refusal>> {
    const { store } = this.options
    const forbidden = options.by?.refuse(address.namespace)
    if (forbidden !== undefined) return refuse({ reason: 'Forbidden', message: forbidden })
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const entry = await store.get(keyOf(address))
      if (entry === undefined) return refuse(notFound(address))
      const resource = resourceOfEntry(entry)
      const { uid, resourceVersion } = resource.metadata
      const isAnother = (options.resourceVersion ?? resourceVersion) !== resourceVersion || (options.uid ?? uid) !== uid
      if (isAnother) return refuse(conflict(address, resourceVersion))
      const { key, modRevision } = entry
      const result = options.dryRun
        ? { ok: true as const, revision: await store.revision() }
        : await store.commit(
            [{ key, modRevision }],
            [{ type: 'delete', key }, ...(options.by?.record([changeOf(resource, undefined)]) ?? [])],
          )
      if (!result.ok) continue
      const written = [{ action: 'deleted' as const, resource }]
      return {
        ok: true,
        value: { revision: result.revision, written, warnings: [], hosts: this.touchedHosts([resource]) },
      }
    }
    throw tooBusy()
  }

  private check(
    values: readonly Given[],
    options: WriteOptions,
  ): {
    readonly resources: readonly ConfigResource[]
    readonly violations: readonly Violation[]
    readonly warnings: readonly string[]
  } {
    const several = values.length > 1
    const byKey = new Map<string, ConfigResource>()
    const violations: Violation[] = []
    const warnings: string[] = []
    values.forEach(({ value, where }, index) => {
      const checked = this.options.check(value, options)
      const who = several ? `${nameOf(value)} (${where}): ` : ''
      const at = (field: string): string => (several ? `[${index}]${field === '' ? '' : `.${field}`}` : field)
      for (const { field, message } of checked.violations) {
        violations.push({ field: at(field), message: `${who}${message}` })
      }
      warnings.push(...checked.warnings.map((warning) => `${who}${warning}`))
      if (checked.resource === undefined || checked.violations.length > 0) return
      const key = keyOf(addressOf(checked.resource))
      if (byKey.has(key)) warnings.push(`${who}is given more than once; the last one counts`)
      byKey.set(key, checked.resource)
    })
    return { resources: [...byKey.values()], violations, warnings }
  }

  private findDangling(resources: readonly ConfigResource[]): string[] {
    const dangling = this.options.findDangling(resources)
    return resources.flatMap((resource) => {
      const who = resources.length > 1 ? `${nameOf(resource)}: ` : ''
      return dangling(resource).map((warning) => `${who}${warning}`)
    })
  }

  private async writeChecked(
    resources: readonly ConfigResource[],
    { dryRun, mode, by }: WriteOptions,
    warnings: readonly string[],
  ): Promise<Result<Commit, Refusal>> {
    const { store } = this.options
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const planned = await this.plan(resources, mode)
      if (!planned.ok) return planned
      const plan = planned.value
      const result = dryRun
        ? { ok: true as const, revision: await store.revision() }
        : await store.commit(
            plan.map(({ key, before }) => ({ key, modRevision: before?.modRevision ?? 0 })),
            [
              ...plan.map(({ key, before, next }): Operation => ({ type: 'put', key, value: textOf(before, next) })),
              ...(by?.record(changesOf(plan)) ?? []),
            ],
          )
      if (result.ok) return { ok: true, value: this.outcome(plan, result.revision, dryRun, warnings) }
    }
    throw tooBusy()
  }

  private async plan(
    resources: readonly ConfigResource[],
    mode: WriteMode,
  ): Promise<Result<readonly Planned[], Refusal>> {
    const { store, makeId, wallNow } = this.options
    const made = { uid: makeId, timestamp: formatTimestamp(wallNow()) }
    const planned: Planned[] = []
    for (const resource of resources) {
      const address = addressOf(resource)
      const key = keyOf(address)
      const before = await store.get(key)
      const existing = before && resourceOfEntry(before)
      const refused = precondition(address, resource, existing, mode)
      if (refused !== undefined) return refuse(refused)
      planned.push({ key, before, next: nextResource(existing, resource, made) })
    }
    return { ok: true, value: planned }
  }

  private outcome(plan: readonly Planned[], revision: number, dryRun: boolean, warnings: readonly string[]): Commit {
    const hosts = new Set<string>()
    const written = plan.map(({ before, next: { action, resource } }): Written => {
      const existing = before && resourceOfEntry(before)
      const touched = existing === undefined ? [resource] : [resource, existing]
      for (const host of this.touchedHosts(touched)) hosts.add(host)
      const version = action === 'unchanged' || dryRun ? before?.modRevision : revision
      if (version === undefined) return { action, resource }
      return { action, resource: { ...resource, metadata: { ...resource.metadata, resourceVersion: String(version) } } }
    })
    return { revision, written, warnings, hosts }
  }

  private touchedHosts(resources: readonly ConfigResource[]): ReadonlySet<string> {
    const { domain, delegatingHosts = () => [] } = this.options
    return new Set([...resources.flatMap((resource) => [...hostsOf(resource, domain)]), ...delegatingHosts(resources)])
  }
}

interface Planned {
  readonly key: string
  readonly before: Entry | undefined
  readonly next: NextResource
}

function changesOf(plan: readonly Planned[]): readonly ResourceChange[] {
  return plan
    .filter(({ next }) => next.action !== 'unchanged')
    .map(({ before, next }) => changeOf(before && resourceOfEntry(before), next.resource))
}

/** One of them is there. */
export function changeOf(before: ConfigResource | undefined, after: ConfigResource | undefined): ResourceChange {
  const { kind, metadata } = (after ?? before) as ConfigResource
  const verb = before === undefined ? 'create' : after === undefined ? 'delete' : 'update'
  return { verb, kind, namespace: metadata.namespace, name: metadata.name, before, after }
}

/** What is unchanged keeps its very text, so that the store sees no change either. */
function textOf(before: Entry | undefined, { action, resource }: NextResource): string {
  return action === 'unchanged' && before !== undefined ? before.value : entryValueOf(resource)
}

function hostsOf(resource: ConfigResource, domain: string): ReadonlySet<string> {
  const { name, namespace } = resource.metadata
  return resource.kind === 'Service' ? new Set([serviceHost(name, namespace, domain)]) : policyHosts(resource, domain)
}

function namesVersion(patch: unknown): boolean {
  return (patch as { metadata?: { resourceVersion?: unknown } }).metadata?.resourceVersion !== undefined
}

const refuse = (refusal: Refusal): { readonly ok: false; readonly error: Refusal } => ({ ok: false, error: refusal })

function tooBusy(): Error {
  return new Error(`a resource was changed by others ${MAX_ROUNDS} times while it was being written`)
}
