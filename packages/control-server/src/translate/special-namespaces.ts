import type { Model } from '../registry/model.ts'
import { visibilityOf } from './export-to.ts'
import { privateAudiences } from './routed-hosts.ts'

/** The namespaces that see other hosts than those exported to everybody. */
export function specialNamespaces(
  model: Pick<Model, 'services' | 'contested' | 'mesh' | 'virtualServices' | 'domain'>,
): ReadonlySet<string> {
  const { services, contested, mesh } = model
  const special = new Set<string>()
  for (const audience of privateAudiences(model)) for (const each of audience) special.add(each)
  for (const definitions of [services.values(), ...contested.values()]) {
    for (const { exportTo, namespace } of definitions) {
      const visibility = visibilityOf(exportTo, namespace, mesh.defaultServiceExportTo)
      if (visibility !== 'public') for (const each of visibility) special.add(each)
    }
  }
  return special
}
