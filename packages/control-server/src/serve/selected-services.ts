import type { WorkloadRegistration } from '@weft/mesh-protocol'
import { KINDS, type KindInfo } from '../config/resource.ts'
import type { Model } from '../registry/model.ts'
import type { Resources } from '../registry/resources.ts'
import { selects } from '../registry/workload-entry.ts'
import { fillUp, workloadGroupOf } from '../registry/workload-groups.ts'

const WORKLOAD_GROUP = KINDS.find(({ kind }) => kind === 'WorkloadGroup') as KindInfo

/** Labels by which a selector names the application that it takes. */
const APP_LABELS = ['app', 'app.kubernetes.io/name']

/**
 * The services, by name or host, whose selectors would take a workload with this registration, its group's labels among them:
 * a service is served by whoever has the labels that it selects, whatever the workload registers for. Without those whose
 * selector asks for the application of a service that it may register for, as whoever wrote them meant exactly these workloads.
 */
export async function selectedServices(
  registration: WorkloadRegistration,
  allowed: readonly string[],
  model: Model,
  resources: Pick<Resources, 'get'>,
): Promise<readonly string[]> {
  const { namespace, workload: name } = registration
  const group = name && (await resources.get({ info: WORKLOAD_GROUP, namespace, name }))
  const workload = { id: '', ...registration }
  const labelled = group ? fillUp(workload, workloadGroupOf(group)) : workload
  const services = [...model.services.values(), ...[...model.contested.values()].flat()]
  const selecting = services.filter(
    (service) =>
      service.namespace === namespace &&
      service.selector !== undefined &&
      selects(service.selector, labelled) &&
      !asksFor(service.selector, allowed),
  )
  return [...new Set(selecting.map((service) => (service.entry === undefined ? service.name : service.host)))]
}

function asksFor(selector: Readonly<Record<string, string>>, allowed: readonly string[]): boolean {
  const app = APP_LABELS.find((label) => Object.hasOwn(selector, label))
  return app !== undefined && allowed.includes(selector[app] as string)
}
