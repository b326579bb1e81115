import { DEFAULT_SERVICE_ACCOUNT, DEFAULT_WORKLOAD_WEIGHT } from '@weft/mesh-protocol'
import type { ConfigResource } from '../config/resource.ts'
import type { WorkloadEntrySpec } from '../config/spec/workload-entry.ts'
import type { Workload } from './model.ts'

/** Who a workload that nobody registers is. */
export interface WorkloadIdentity {
  readonly id: string
  readonly namespace: string
  /** For telemetry. */
  readonly name: string
}

/** A label that tells the locality where the field does not, with dots for the slashes that a label cannot have. */
const LOCALITY_LABEL = 'istio-locality'

/** `istio`: it takes mutual TLS with the identities of the mesh. */
const TLS_MODE_LABEL = 'security.istio.io/tlsMode'

/** Addresses of Unix sockets are for a proxy on the same machine. */
const UNIX = 'unix://'

/** Whether it takes mutual TLS of the mesh; by what it says, else where it has a service account (Istio `getTLSModeFromWorkloadEntry`). */
function tlsModeOf(labels: Readonly<Record<string, string>>, serviceAccount: string): 'istio' | undefined {
  const label = Object.hasOwn(labels, TLS_MODE_LABEL) ? labels[TLS_MODE_LABEL] : undefined
  const takesTls = label === undefined ? serviceAccount !== '' : label === 'istio'
  return takesTls ? 'istio' : undefined
}

/** The store's id of a WorkloadEntry among the workloads; no registration can have it. */
export const workloadEntryId = (namespace: string, name: string): string => `WorkloadEntry/${namespace}/${name}`

/** A WorkloadEntry that passed validation. */
export function workloadOfResource({ metadata, spec }: ConfigResource): Workload | undefined {
  const { namespace, name } = metadata
  return workloadOfSpec(spec as WorkloadEntrySpec, { id: workloadEntryId(namespace, name), namespace, name })[0]
}

/** A WorkloadEntry, or an endpoint that is written in a ServiceEntry; none where no client can connect to it. */
export function workloadOfSpec(spec: WorkloadEntrySpec, { id, namespace, name }: WorkloadIdentity): Workload[] {
  const { address = '', labels = {}, locality = '', weight = 0, serviceAccount = '', ports = {} } = spec
  if (address === '' || address.startsWith(UNIX)) return []
  const labelled = Object.hasOwn(labels, LOCALITY_LABEL) ? labels[LOCALITY_LABEL] : undefined
  const tlsMode = tlsModeOf(labels, serviceAccount)
  return [
    {
      id,
      service: '',
      namespace,
      workload: name,
      address,
      ports: [],
      labels,
      // Who has an identity and says no other has that of who says nothing.
      serviceAccount: tlsMode === undefined || serviceAccount !== '' ? serviceAccount : DEFAULT_SERVICE_ACCOUNT,
      locality: locality === '' ? (labelled ?? '').replaceAll('.', '/') : locality,
      weight: weight === 0 ? DEFAULT_WORKLOAD_WEIGHT : weight,
      portsByName: ports,
      ...(tlsMode === undefined ? {} : { tlsMode }),
    },
  ]
}
