import type { Model } from '../registry/model.ts'

/**
 * The hosts of the mesh: every service, whether it has endpoints or not. One list for all clients as long as every service is
 * visible in every namespace.
 */
export function visibleHosts({ services }: Pick<Model, 'services'>): Iterable<string> {
  return services.keys()
}
