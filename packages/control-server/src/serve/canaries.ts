import { ok, type Result, serviceHost, type Violation } from '@weft/mesh-protocol'
import type { CanaryPlan, CanaryRefusal, CanarySituation } from '../canary/plan-types.ts'
import type { CanaryRecord } from '../canary/record.ts'
import { type CanaryStatus, canaryStatus } from '../canary/status.ts'
import { registeredVersions } from '../canary/versions.ts'
import type { ConfigResource } from '../config/resource.ts'
import { validateResource } from '../config/validate.ts'
import type { MakeId } from '../kernel/identifier.ts'
import { formatTimestamp } from '../kernel/timestamp.ts'
import type { Model } from '../registry/model.ts'
import { nextResource } from '../registry/next-resource.ts'
import { policyHosts } from '../registry/policy-hosts.ts'
import { addressOf, keyOf, nameOf } from '../registry/resource-address.ts'
import { changeOf } from '../registry/resources.ts'
import { entryValueOf } from '../registry/stored-resource.ts'
import type { Writer } from '../registry/writer.ts'
import { canaryKey } from '../store/keys.ts'
import type { Compare, Entry, Operation, Store } from '../store/store.ts'

export interface CanariesOptions {
  readonly store: Store
  readonly model: () => Model
  readonly makeId: MakeId
  readonly wallNow: () => number
}

/** What was done, or would be. */
export interface CanaryChange {
  readonly revision: number
  /** Hosts whose callers feel it. */
  readonly hosts: ReadonlySet<string>
  readonly warnings: readonly string[]
  /** `undefined`: there is no canary any more. */
  readonly status: CanaryStatus | undefined
}

export interface ChangeOptions {
  readonly dryRun: boolean
  readonly by: Writer
}

/** Why nothing was done; the violations are of what would have been stored. */
export interface CanaryFailure extends Omit<CanaryRefusal, 'status'> {
  readonly status: CanaryRefusal['status'] | 403
  readonly violations?: readonly Violation[]
}

export type Planner = (situation: CanarySituation) => Result<CanaryPlan, CanaryRefusal>

/** Another writer came in between; more often in a row than this is no accident. */
const MAX_ROUNDS = 20

/** Carries plans out: resources and record in one commit, over exactly what the plan was made from. */
export class Canaries {
  private readonly options: CanariesOptions

  constructor(options: CanariesOptions) {
    this.options = options
  }

  /** `undefined`: there is no such canary, or no such service. */
  async status(namespace: string, name: string): Promise<CanaryStatus | undefined> {
    const situation = await this.situation(namespace, name)
    return situation && canaryStatus(situation)
  }

  async change(
    namespace: string,
    name: string,
    plan: Planner,
    options: ChangeOptions,
  ): Promise<Result<CanaryChange, CanaryFailure>> {
    const key = canaryKey(namespace, name)
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const entry = await this.options.store.get(key)
      const situation = this.situationFrom(namespace, name, entry)
      if (situation === undefined) return { ok: false, error: unknownService(namespace, name) }
      const planned = plan(situation)
      if (!planned.ok) return planned
      const refused = invalid(planned.value) ?? forbidden(planned.value, options.by)
      if (refused !== undefined) return { ok: false, error: refused }
      const revision = await this.commit(planned.value, key, entry, options)
      if (revision !== undefined) return ok(this.outcome(situation, planned.value, revision))
    }
    throw new Error(
      `the canary of ${namespace}/${name} was changed by others ${MAX_ROUNDS} times while it was being written`,
    )
  }

  private async situation(namespace: string, name: string): Promise<CanarySituation | undefined> {
    return this.situationFrom(namespace, name, await this.options.store.get(canaryKey(namespace, name)))
  }

  private situationFrom(namespace: string, name: string, entry: Entry | undefined): CanarySituation | undefined {
    const model = this.options.model()
    const { domain, virtualServices, destinationRules, httpRoutes, grpcRoutes } = model
    const service = model.services.get(serviceHost(name, namespace, domain))
    if (service === undefined) return undefined
    const { host } = service
    return {
      service: { host, name: service.name, namespace: service.namespace },
      domain,
      virtualServices,
      destinationRules,
      requestRoutes: [...httpRoutes, ...grpcRoutes],
      versions: registeredVersions(model, service),
      record: entry && (JSON.parse(entry.value) as CanaryRecord),
    }
  }

  /** The revision after it; `undefined` where somebody else was quicker. */
  private async commit(
    { writes, deletes, record }: CanaryPlan,
    key: string,
    entry: Entry | undefined,
    { dryRun, by }: ChangeOptions,
  ): Promise<number | undefined> {
    const { store } = this.options
    if (dryRun) return store.revision()
    const compares = [...writes, ...deletes].map(unchanged)
    const operations: Operation[] = [
      ...writes.flatMap((resource) => this.put(resource, by)),
      ...deletes.map((resource): Operation => ({ type: 'delete', key: keyOf(addressOf(resource)) })),
      ...by.record(deletes.map((resource) => changeOf(resource, undefined))),
      record === undefined ? { type: 'delete', key } : { type: 'put', key, value: JSON.stringify(record) },
    ]
    const result = await store.commit([...compares, { key, modRevision: entry?.modRevision ?? 0 }], operations)
    return result.ok ? result.revision : undefined
  }

  private put(resource: ConfigResource, by: Writer): Operation[] {
    const { makeId, wallNow } = this.options
    const made = { uid: makeId, timestamp: formatTimestamp(wallNow()) }
    const before = existing(this.options.model(), resource)
    const next = nextResource(before, resource, made)
    if (next.action === 'unchanged') return []
    return [
      { type: 'put', key: keyOf(addressOf(resource)), value: entryValueOf(next.resource) },
      ...by.record([changeOf(before, next.resource)]),
    ]
  }

  private outcome(situation: CanarySituation, plan: CanaryPlan, revision: number): CanaryChange {
    const touched = [...plan.writes, ...plan.deletes]
    const hosts = new Set([situation.service.host])
    for (const resource of touched) for (const host of policyHosts(resource, situation.domain)) hosts.add(host)
    const gone = new Set(plan.deletes.map(nameOf))
    const written = new Map(plan.writes.map((resource) => [nameOf(resource), resource]))
    const kept = situation.virtualServices.filter((each) => !gone.has(nameOf(each)) && !written.has(nameOf(each)))
    const virtualServices = [...kept, ...plan.writes.filter(({ kind }) => kind === 'VirtualService')]
    const status = canaryStatus({ ...situation, virtualServices, record: plan.record })
    return { revision, hosts, warnings: plan.warnings, status }
  }
}

function existing({ virtualServices, destinationRules }: Model, resource: ConfigResource): ConfigResource | undefined {
  const name = nameOf(resource)
  return [...virtualServices, ...destinationRules].find((each) => nameOf(each) === name)
}

/** A resource of the plan is as it was read, or is not there yet. */
function unchanged(resource: ConfigResource): Compare {
  const { resourceVersion } = resource.metadata
  return { key: keyOf(addressOf(resource)), modRevision: resourceVersion === undefined ? 0 : Number(resourceVersion) }
}

function unknownService(namespace: string, name: string): CanaryFailure {
  return { status: 404, message: `there is no service ${name} in namespace ${namespace}` }
}

/** A service may be ruled from a namespace that is not its own. */
function forbidden({ writes, deletes }: CanaryPlan, by: Writer): CanaryFailure | undefined {
  const messages = [
    ...writes.map((resource) => by.refuseResource(resource)),
    ...deletes.map(({ metadata }) => by.refuse(metadata.namespace)),
  ]
  const message = messages.find((each) => each !== undefined)
  return message === undefined ? undefined : { status: 403, message }
}

/** What stood in a resource before may be of a time when it was not refused. */
function invalid({ writes }: CanaryPlan): CanaryFailure | undefined {
  for (const resource of writes) {
    const { violations } = validateResource(resource)
    if (violations.length > 0) {
      return { status: 422, message: `${nameOf(resource)} would not be valid`, violations }
    }
  }
  return undefined
}
