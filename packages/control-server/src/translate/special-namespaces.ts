import type { Model } from '../registry/model.ts'
import { visibilityOf } from './export-to.ts'

/** The namespaces that see other hosts than those exported to everybody. */
export function specialNamespaces({
  services,
  definitions,
  mesh,
}: Pick<Model, 'services' | 'definitions' | 'mesh'>): ReadonlySet<string> {
  const special = new Set<string>()
  for (const host of services.keys()) {
    for (const { exportTo, namespace } of definitions(host)) {
      const visibility = visibilityOf(exportTo, namespace, mesh.defaultServiceExportTo)
      if (visibility !== 'public') for (const each of visibility) special.add(each)
    }
  }
  return special
}
