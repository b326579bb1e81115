import type { WorkloadRegistration } from '@weft/mesh-protocol'
import { KINDS, type KindInfo } from '../config/resource.ts'
import type { Model } from '../registry/model.ts'
import type { Resources } from '../registry/resources.ts'
import { selects } from '../registry/workload-entry.ts'
import { fillUp, workloadGroupOf } from '../registry/workload-groups.ts'

const WORKLOAD_GROUP = KINDS.find(({ kind }) => kind === 'WorkloadGroup') as KindInfo

/**
 * The services, by name or host, whose selectors would take a workload with this registration, its group's labels among them:
 * a service is served by whoever has the labels that it selects, whatever the workload registers for.
 */
export async function selectedServices(
  registration: WorkloadRegistration,
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
      service.namespace === namespace && service.selector !== undefined && selects(service.selector, labelled),
  )
  return [...new Set(selecting.map((service) => (service.entry === undefined ? service.name : service.host)))]
}
