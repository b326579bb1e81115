import { hostMeant, type KnownHosts } from '../config/references.ts'
import type { ConfigResource } from '../config/resource.ts'
import type { Finding, Subject } from './finding.ts'
import { groupBy } from './group-by.ts'
import type { KnownWorkload } from './known-workload.ts'

/** The mesh as it would be with the given resources. */
export interface MeshView {
  readonly domain: string
  readonly subjects: readonly Subject[]
  readonly known: KnownHosts
  /** Whether what a server has is among it; else there are only the given files. */
  readonly isWhole: boolean
  /** `undefined`: nobody knows them. */
  readonly workloads: readonly KnownWorkload[] | undefined
  /** The host that a name in a resource of a namespace stands for. */
  fullHost(host: string, namespace: string): string
  /** Those of one kind, the given ones last. */
  ofKind<Spec = ConfigResource['spec']>(kind: string): readonly Subject<Spec>[]
}

/** Looks at the whole mesh. What it says of stored resources is left out later, so that it need not tell them apart. */
export type Rule = (view: MeshView) => Iterable<Finding>

export function createMeshView(parts: Omit<MeshView, 'ofKind' | 'fullHost'>): MeshView {
  const byKind = groupBy(parts.subjects, ({ resource }) => resource.kind)
  return {
    ...parts,
    fullHost: (host, namespace) => hostMeant(host, namespace, parts.domain, parts.known),
    ofKind: <Spec>(kind: string) => (byKind.get(kind) ?? []) as unknown as readonly Subject<Spec>[],
  }
}

/** `Kind namespace/name`. */
export function subjectName({ resource: { kind, metadata } }: Subject<unknown>): string {
  return `${kind} ${metadata.namespace}/${metadata.name}`
}
