import { parseServiceHost, ROOT_NAMESPACE } from '@weft/mesh-protocol'
import { isHostSubset, isWildcardHost } from '../../config/host-name.ts'
import { bindsMesh } from '../../config/mesh-gateway.ts'
import type { ServiceEntrySpec } from '../../config/spec/service-entry.ts'
import type { SidecarSpec } from '../../config/spec/sidecar.ts'
import type { VirtualServiceSpec } from '../../config/spec/virtual-service.ts'
import type { Finding, Subject } from '../finding.ts'
import { groupBy } from '../group-by.ts'
import { type MeshView, subjectName } from '../mesh-view.ts'
import { strictSidecars } from '../strict-sidecars.ts'

type Sidecar = Subject<SidecarSpec>

/** More Sidecars of one namespace, and hosts that one of them leaves out, are not looked at. */
const MAX_SIDECARS = 100
const MAX_NAMED = 100

/** A host that a VirtualService says the routes of. */
interface Ruled {
  readonly subject: Subject<VirtualServiceSpec>
  readonly field: string
  readonly host: string
  /** Namespace of the host. */
  readonly owner: string
}

/**
 * WEFT0406: hosts that VirtualServices rule and a Sidecar of their namespace refuses. Where their routes lead to need not be
 * imported.
 */
export function* sidecarEgress(view: MeshView): Generator<Finding> {
  const strict = strictSidecars(view)
  if (strict.length === 0) return
  const byNamespace = ruledByNamespace(view)
  for (const [namespace, sidecars] of groupBy(strict, ({ resource }) => resource.metadata.namespace)) {
    for (const sidecar of sidecars.slice(0, MAX_SIDECARS)) {
      yield* leftOut(sidecar, byNamespace.get(namespace) ?? [])
    }
  }
}

function* leftOut(sidecar: Sidecar, all: readonly Ruled[]): Generator<Finding> {
  const told = new Set<string>()
  for (const ruled of all) {
    if (told.size === MAX_NAMED) return
    if (told.has(ruled.host) || reaches(sidecar, ruled)) continue
    told.add(ruled.host)
    yield* findingsOf(sidecar, ruled)
  }
}

function* findingsOf(sidecar: Sidecar, { subject, field, host }: Ruled): Generator<Finding> {
  const code = 'WEFT0406'
  const left = `leaves out ${host}, of which ${subjectName(subject)} says the routes`
  yield { code, subject: sidecar, field: 'spec.egress', message: left }
  const message = `${host} is left out by ${subjectName(sidecar)}: calls to it are refused in the clients that it selects`
  yield { code, subject, field, message }
}

function ruledByNamespace(view: MeshView): ReadonlyMap<string, readonly Ruled[]> {
  const owners = entryOwners(view)
  const all = view.ofKind<VirtualServiceSpec>('VirtualService').flatMap((subject): Ruled[] => {
    const { spec, metadata } = subject.resource
    if (!bindsMesh(spec.gateways)) return []
    return (spec.hosts ?? []).map((written, index) => {
      const host = view.fullHost(written, metadata.namespace)
      const owner = parseServiceHost(host, view.domain)?.namespace ?? owners.get(host) ?? metadata.namespace
      return { subject, field: `spec.hosts[${index}]`, host, owner }
    })
  })
  return groupBy(all, ({ subject }) => subject.resource.metadata.namespace)
}

function entryOwners({ ofKind }: MeshView): ReadonlyMap<string, string> {
  return new Map(
    ofKind<ServiceEntrySpec>('ServiceEntry').flatMap(({ resource: { spec, metadata } }) =>
      spec.hosts.map((host): [string, string] => [host.toLowerCase(), metadata.namespace]),
    ),
  )
}

/** Whether one of the listeners has the host, on whatever port. */
function reaches({ resource: { spec, metadata } }: Sidecar, { host, owner }: Ruled): boolean {
  // A wildcard is not followed to what it stands for, nor the root's Sidecar to each namespace.
  if (isWildcardHost(host) || metadata.namespace === ROOT_NAMESPACE) return true
  return (spec.egress ?? []).some(({ hosts }) => {
    const matching = hosts
      .map((text) => split(text, metadata.namespace))
      .filter(({ pattern }) => isHostSubset(host, pattern))
    if (matching.some(({ excluded }) => excluded === owner || excluded === '*')) return false
    return matching.some(({ namespace }) => namespace === owner || namespace === '*')
  })
}

interface Pattern {
  readonly namespace: string | undefined
  /** Namespace whose hosts it leaves out. */
  readonly excluded: string | undefined
  readonly pattern: string
}

function split(text: string, own: string): Pattern {
  const slash = text.indexOf('/')
  const written = text.slice(0, slash)
  const isExcluded = written.startsWith('~')
  const name = written === '~' ? '*' : written.replace(/^~/, '')
  const namespace = name === '.' ? own : name
  return {
    namespace: isExcluded ? undefined : namespace,
    excluded: isExcluded ? namespace : undefined,
    pattern: text.slice(slash + 1).toLowerCase(),
  }
}
