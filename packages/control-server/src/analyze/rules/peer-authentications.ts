import { parseServiceHost, ROOT_NAMESPACE } from '@weft/mesh-protocol'
import { child, entry } from '../../config/field-path.ts'
import type { PeerAuthenticationSpec } from '../../config/spec/peer-authentication.ts'
import type { Finding, Subject } from '../finding.ts'
import { groupBy } from '../group-by.ts'
import { type MeshView, subjectName } from '../mesh-view.ts'
import { selectedWorkloads } from '../selected-workloads.ts'
import { trafficPolicies } from '../traffic-policies.ts'

type Peers = Subject<PeerAuthenticationSpec>

/** WEFT0505, WEFT0506, WEFT0507: what does not go together with a PeerAuthentication. */
export function* peerAuthentications(view: MeshView): Generator<Finding> {
  const all = view.ofKind<PeerAuthenticationSpec>('PeerAuthentication')
  const wide = groupBy(all.filter(isWide), ({ resource }) => resource.metadata.namespace)
  yield* conflictingRules(view, wide)
  yield* portsOfNobody(view, all)
  for (const [first, ...others] of wide.values()) {
    for (const subject of others) {
      const message = `${subjectName(first as Peers)} is for the same workloads, and the older one alone holds`
      yield { code: 'WEFT0507', subject, field: 'spec', message }
    }
  }
}

function isWide({ resource: { spec } }: Peers): boolean {
  return Object.keys(spec.selector?.matchLabels ?? {}).length === 0
}

/** Modes of a DestinationRule that a mode of the callee refuses. */
const REFUSED: Readonly<Record<string, string>> = { STRICT: 'DISABLE', DISABLE: 'ISTIO_MUTUAL' }

function* conflictingRules(view: MeshView, wide: ReadonlyMap<string, readonly Peers[]>): Generator<Finding> {
  for (const { subject, policy, field } of trafficPolicies(view)) {
    const { metadata, spec } = subject.resource
    const host = parseServiceHost(view.fullHost(spec.host, metadata.namespace), view.domain)
    if (host === undefined || policy.tls === undefined) continue
    const ruler = [host.namespace, ROOT_NAMESPACE].map((namespace) => wide.get(namespace)?.[0]).find(says)
    const mode = ruler?.resource.spec.mtls?.mode ?? ''
    const own = policy.tls.mode ?? 'DISABLE'
    if (ruler === undefined || REFUSED[mode] !== own) continue
    const message = `${own} is refused by ${host.host}, where ${subjectName(ruler)} says ${mode}`
    yield { code: 'WEFT0505', subject, field: child(field, 'tls'), message }
  }
}

function says(peers: Peers | undefined): boolean {
  return (peers?.resource.spec.mtls?.mode ?? 'UNSET') !== 'UNSET'
}

function* portsOfNobody({ workloads }: MeshView, all: readonly Peers[]): Generator<Finding> {
  for (const subject of all) {
    const selected = selectedWorkloads(subject, workloads ?? [])
    const ports = new Set(selected.flatMap((workload) => workload.ports.map(({ port }) => port)))
    if (selected.length === 0) continue
    for (const port of Object.keys(subject.resource.spec.portLevelMtls ?? {})) {
      if (ports.has(Number(port))) continue
      const message = `no workload that it selects has port ${port}; they have ${[...ports].join(', ') || 'none'}`
      yield { code: 'WEFT0506', subject, field: entry('spec.portLevelMtls', port), message }
    }
  }
}
