import { DEFAULT_MTLS_MODE, type MtlsMode, type PeerAuthentication, ROOT_NAMESPACE } from '@weft/mesh-protocol'
import type { ConfigResource } from '../config/resource.ts'
import type { MutualTls, PeerAuthenticationSpec } from '../config/spec/peer-authentication.ts'
import type { ServiceInstance } from '../registry/model.ts'
import { policiesFor, type SelectedWorkload } from './policy-selection.ts'

/** The PeerAuthentications of a mesh, by the workload that asks. Immutable. */
export interface PeerAuthenticationIndex {
  /** What the workload takes; `undefined`: nothing says anything of it. */
  find(workload: SelectedWorkload): PeerAuthentication | undefined
  /** Whether a place where a service's port is served takes plaintext alone. */
  isPlaintext(instance: ServiceInstance): boolean
  /** Whether there can be such a place at all. */
  readonly disables: boolean
}

/** @param resources oldest first */
export function indexPeerAuthentications(resources: readonly ConfigResource[]): PeerAuthenticationIndex {
  const find = (workload: SelectedWorkload): PeerAuthentication | undefined => {
    const policies = policiesFor(resources, workload)
    return policies.length === 0 ? undefined : composePeerAuthentication(policies)
  }
  return {
    find,
    disables: resources.some(({ spec }) => mentionsDisable(spec as PeerAuthenticationSpec)),
    isPlaintext({ workload, listenPort }) {
      // An endpoint that is only written down serves the port that is connected to.
      const port = workload.ports.find((each) => each.listenPort === listenPort)?.port ?? listenPort
      return modeOfPort(find(workload), port) === 'DISABLE'
    },
  }
}

function mentionsDisable({ mtls, portLevelMtls = {} }: PeerAuthenticationSpec): boolean {
  return [mtls, ...Object.values(portLevelMtls)].some((each) => each?.mode === 'DISABLE')
}

function modeOfPort(policy: PeerAuthentication | undefined, port: number): MtlsMode {
  return policy?.ports?.[port] ?? policy?.mode ?? DEFAULT_MTLS_MODE
}

/**
 * What the policies that select a workload come to: of each scope, mesh, namespace, workload, the oldest counts; a mode that is
 * unset is that of the wider scope, and of a port that of the workload. A selector has no meaning in the root namespace
 * (Istio `policy_applier.go` `ComposePeerAuthentication`).
 *
 * @param policies oldest first
 */
export function composePeerAuthentication(
  policies: readonly ConfigResource[],
  rootNamespace: string = ROOT_NAMESPACE,
): PeerAuthentication {
  const inRoot = ({ metadata }: ConfigResource): boolean => metadata.namespace === rootNamespace
  const mesh = policies.find((policy) => inRoot(policy) && !hasLabels(policy))
  const namespace = policies.find((policy) => !inRoot(policy) && !hasLabels(policy))
  const workload = policies.find((policy) => !inRoot(policy) && hasLabels(policy))
  const mode =
    [workload, namespace, mesh].map((policy) => modeOf(policy && specOf(policy).mtls)).find(isSet) ?? DEFAULT_MTLS_MODE
  const ports = Object.entries((workload && specOf(workload).portLevelMtls) ?? {}).map(
    ([port, mtls]) => [Number(port), modeOf(mtls) ?? mode] as const,
  )
  return ports.length === 0 ? { mode } : { mode, ports: Object.fromEntries(ports) }
}

const specOf = ({ spec }: ConfigResource): PeerAuthenticationSpec => spec as PeerAuthenticationSpec
const isSet = (mode: MtlsMode | undefined): mode is MtlsMode => mode !== undefined

function hasLabels(policy: ConfigResource): boolean {
  return Object.keys(specOf(policy).selector?.matchLabels ?? {}).length > 0
}

function modeOf(mtls: MutualTls | undefined): MtlsMode | undefined {
  const mode = mtls?.mode ?? 'UNSET'
  return mode === 'UNSET' ? undefined : mode
}
