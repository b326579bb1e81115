import type { Result } from '@weft/mesh-protocol'
import { planCanary } from '../../../../packages/control-server/src/canary/plan.ts'
import type {
  CanaryPlan,
  CanaryRefusal,
  CanarySituation,
} from '../../../../packages/control-server/src/canary/plan-types.ts'
import { planPromote } from '../../../../packages/control-server/src/canary/promote.ts'
import type { CanaryRequest } from '../../../../packages/control-server/src/canary/request.ts'
import { planRollback } from '../../../../packages/control-server/src/canary/rollback.ts'
import { canaryStatus } from '../../../../packages/control-server/src/canary/status.ts'
import type { ConfigResource } from '../../../../packages/control-server/src/config/resource.ts'
import type { HttpRouteDestination } from '../../../../packages/control-server/src/config/spec/virtual-service.ts'
import { validateResource } from '../../../../packages/control-server/src/config/validate.ts'

type Spec = Readonly<Record<string, unknown>>

const networking =
  (kind: string) =>
  (spec: Spec, name = 'reviews', namespace = 'default'): ConfigResource => ({
    apiVersion: 'networking.istio.io/v1',
    kind,
    metadata: { name, namespace },
    spec,
  })

export const virtualService = networking('VirtualService')
export const destinationRule = networking('DestinationRule')

export const to = (subset: string, weight?: number): HttpRouteDestination => ({
  destination: { host: 'reviews', ...(subset === '' ? {} : { subset }) },
  ...(weight === undefined ? {} : { weight }),
})

export const split = (...destinations: readonly HttpRouteDestination[]): Spec => ({
  hosts: ['reviews'],
  http: [{ route: destinations }],
})

export const subsets = (...versions: readonly string[]): Spec => ({
  host: 'reviews',
  subsets: versions.map((version) => ({ name: version, labels: { version } })),
})

/** A mesh with the service `reviews`, in which plans are carried out. */
export class CanaryMesh {
  situation: CanarySituation

  constructor(resources: readonly ConfigResource[], versions: Readonly<Record<string, number>>) {
    this.situation = {
      service: { host: 'reviews.default.svc.cluster.local', name: 'reviews', namespace: 'default' },
      domain: 'cluster.local',
      virtualServices: resources.filter(({ kind }) => kind === 'VirtualService'),
      destinationRules: resources.filter(({ kind }) => kind === 'DestinationRule'),
      requestRoutes: resources.filter(({ kind }) => kind === 'HTTPRoute' || kind === 'GRPCRoute'),
      versions: new Map(Object.entries(versions)),
      record: undefined,
    }
  }

  put(subset: string, weight: number, match: CanaryRequest['match'] = []): readonly string[] {
    return this.carryOut(planCanary(this.situation, { subset, weight, match }))
  }

  promote(): readonly string[] {
    return this.carryOut(planPromote(this.situation))
  }

  rollback(): readonly string[] {
    return this.carryOut(planRollback(this.situation))
  }

  refusal(subset: string, weight: number): CanaryRefusal | undefined {
    const planned = planCanary(this.situation, { subset, weight, match: [] })
    return planned.ok ? undefined : planned.error
  }

  /** Somebody else writes a resource. */
  edit(resource: ConfigResource): void {
    this.situation = { ...this.situation, ...this.with(resource) }
  }

  /** Weights by subset, as they stand in the VirtualService. */
  get weights(): Readonly<Record<string, number>> {
    return Object.fromEntries((canaryStatus(this.situation)?.split ?? []).map((each) => [each.subset, each.weight]))
  }

  spec(kind: 'VirtualService' | 'DestinationRule', name = 'reviews', namespace = 'default'): Spec | undefined {
    const all = kind === 'VirtualService' ? this.situation.virtualServices : this.situation.destinationRules
    return all.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace)?.spec
  }

  /** What is written is valid, and stored as JSON. */
  private carryOut(planned: Result<CanaryPlan, CanaryRefusal>): readonly string[] {
    if (!planned.ok) throw new Error(JSON.stringify(planned.error))
    const { writes, deletes, record, warnings } = JSON.parse(JSON.stringify(planned.value)) as CanaryPlan
    for (const resource of writes) {
      const { violations } = validateResource(resource)
      if (violations.length > 0) throw new Error(JSON.stringify(violations))
      this.edit(resource)
    }
    const isGone = (each: ConfigResource): boolean => deletes.some((gone) => isSame(gone, each))
    this.situation = {
      ...this.situation,
      virtualServices: this.situation.virtualServices.filter((each) => !isGone(each)),
      destinationRules: this.situation.destinationRules.filter((each) => !isGone(each)),
      record,
    }
    return warnings
  }

  private with(resource: ConfigResource): Partial<CanarySituation> {
    const put = (all: readonly ConfigResource[]): ConfigResource[] =>
      all.some((each) => isSame(each, resource))
        ? all.map((each) => (isSame(each, resource) ? resource : each))
        : [...all, resource]
    return resource.kind === 'VirtualService'
      ? { virtualServices: put(this.situation.virtualServices) }
      : { destinationRules: put(this.situation.destinationRules) }
  }
}

function isSame(a: ConfigResource, b: ConfigResource): boolean {
  return a.kind === b.kind && a.metadata.name === b.metadata.name && a.metadata.namespace === b.metadata.namespace
}
