import { HOST_INDEX_NAME } from '@weft/mesh-protocol'
import type { Model } from '../registry/model.ts'

/** Name of the resource; there is one for all clients as long as every service is visible in every namespace. */
export const HOST_INDEX: typeof HOST_INDEX_NAME = HOST_INDEX_NAME

/** The hosts of the mesh: every service, whether it has endpoints or not. */
export function visibleHosts({ services }: Pick<Model, 'services'>): Iterable<string> {
  return services.keys()
}
