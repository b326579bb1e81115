import type { Model } from '../registry/model.ts'
import { visibilityOf } from './export-to.ts'

/** The namespaces that see other hosts than those exported to everybody. */
export function specialNamespaces({
  services,
  contested,
  mesh,
}: Pick<Model, 'services' | 'contested' | 'mesh'>): ReadonlySet<string> {
  const special = new Set<string>()
  for (const definitions of [services.values(), ...contested.values()]) {
    for (const { exportTo, namespace } of definitions) {
      const visibility = visibilityOf(exportTo, namespace, mesh.defaultServiceExportTo)
      if (visibility !== 'public') for (const each of visibility) special.add(each)
    }
  }
  return special
}
