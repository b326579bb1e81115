import type { MeshService, Model } from './model.ts'

/** Every definition of a host, by precedence. */
export function definitionsOf(
  { services, contested }: Pick<Model, 'services' | 'contested'>,
  host: string,
): readonly MeshService[] {
  const several = contested.get(host)
  if (several !== undefined) return several
  const only = services.get(host)
  return only === undefined ? [] : [only]
}
