import type { ConfigResource } from '../config/resource.ts'

/** A name for a new resource of the namespace: the service's own, unless something else has it. */
export function freeName(wanted: string, namespace: string, existing: readonly ConfigResource[]): string {
  const taken = new Set(
    existing.filter(({ metadata }) => metadata.namespace === namespace).map(({ metadata }) => metadata.name),
  )
  let name = wanted
  for (let number = 1; taken.has(name); number++) name = `${wanted}-canary${number === 1 ? '' : number}`
  return name
}
