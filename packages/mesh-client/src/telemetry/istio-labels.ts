import type { ServiceRef } from '@weft/mesh-protocol'
import { type CallRecord, NOBODY_KNOWN, type Peer } from '../kernel/recorder.ts'

/** The labels of Istio's HTTP metrics, all on every series. Source: Istio `istio_stats.cc`. */
export const ISTIO_LABELS = [
  'reporter',
  'source_workload',
  'source_workload_namespace',
  'source_principal',
  'source_app',
  'source_version',
  'source_canonical_service',
  'source_canonical_revision',
  'source_cluster',
  'destination_workload',
  'destination_workload_namespace',
  'destination_principal',
  'destination_app',
  'destination_version',
  'destination_canonical_service',
  'destination_canonical_revision',
  'destination_cluster',
  'destination_service',
  'destination_service_name',
  'destination_service_namespace',
  'request_protocol',
  'response_code',
  'grpc_response_status',
  'response_flags',
  'connection_security_policy',
] as const

export type IstioLabel = (typeof ISTIO_LABELS)[number]
export type IstioLabels = Readonly<Record<IstioLabel, string>>

/** What a label says when nothing is known: consumers group by these labels and skip series that lack one. */
const UNKNOWN = 'unknown'

/** Stands for a service that is not known. */
export const NO_SERVICE: ServiceRef = { host: '', name: '', namespace: '' }

/** What labels are made of. */
export type LabelledRecord = Pick<CallRecord, 'reporter' | 'service' | 'peer' | 'status' | 'grpcStatus' | 'flags'> & {
  readonly protocol: CallRecord['protocol'] | 'tcp'
}

/** The labels under which a call is counted, told by the workload `self`. */
export function istioLabels(record: LabelledRecord, self: Peer): IstioLabels {
  const peer = record.peer ?? NOBODY_KNOWN
  const isSource = record.reporter === 'source'
  const source = told(isSource ? self : peer)
  const destination = told(isSource ? peer : self)
  const { mutualTls } = peer
  const own = mutualTls?.own ?? UNKNOWN
  const proven = mutualTls?.peer ?? UNKNOWN
  return {
    reporter: record.reporter,
    source_workload: source.workload,
    source_workload_namespace: source.namespace,
    source_principal: isSource ? own : proven,
    source_app: source.app,
    source_version: source.version,
    source_canonical_service: source.canonicalService,
    source_canonical_revision: source.canonicalRevision,
    source_cluster: source.cluster,
    destination_workload: destination.workload,
    destination_workload_namespace: destination.namespace,
    destination_principal: isSource ? proven : own,
    destination_app: destination.app,
    destination_version: destination.version,
    destination_canonical_service: destination.canonicalService,
    destination_canonical_revision: destination.canonicalRevision,
    destination_cluster: destination.cluster,
    ...(isSource ? calledService(record.service ?? NO_SERVICE, peer) : servedService(record.service, self)),
    request_protocol: record.protocol,
    response_code: String(record.status),
    // Prometheus takes an empty label for an absent one; so it is with Istio's own series of plain HTTP.
    grpc_response_status: record.grpcStatus ?? '',
    response_flags: orElse(record.flags, '-'),
    // A client says no more of it than Istio's does.
    connection_security_policy: isSource ? UNKNOWN : mutualTls === undefined ? 'none' : 'mutual_tls',
  }
}

/** A peer in the words of the labels: of one that is wholly unknown, the revision is still `latest`. */
function told(peer: Peer): Peer {
  return {
    workload: orElse(peer.workload, UNKNOWN),
    namespace: orElse(peer.namespace, UNKNOWN),
    app: orElse(peer.app, UNKNOWN),
    version: orElse(peer.version, UNKNOWN),
    canonicalService: orElse(peer.canonicalService, UNKNOWN),
    canonicalRevision: orElse(peer.canonicalRevision, 'latest'),
    cluster: orElse(peer.cluster, UNKNOWN),
  }
}

type ServiceLabels = Pick<
  IstioLabels,
  'destination_service' | 'destination_service_name' | 'destination_service_namespace'
>

/** What a client says: the service as its cluster names it, the server's own namespace where that is silent. */
function calledService(service: ServiceRef, peer: Peer): ServiceLabels {
  return {
    destination_service: orElse(service.host, UNKNOWN),
    destination_service_name: nameOf(service, UNKNOWN),
    destination_service_namespace: orElse(service.namespace, orElse(peer.namespace, UNKNOWN)),
  }
}

/** What a server says: the service it was called as, else itself, and always its own namespace. */
function servedService(service: ServiceRef | undefined, self: Peer): ServiceLabels {
  const own = orElse(self.canonicalService, UNKNOWN)
  return {
    destination_service: orElse(service?.host ?? '', own),
    destination_service_name: nameOf(service ?? NO_SERVICE, own),
    destination_service_namespace: orElse(self.namespace, UNKNOWN),
  }
}

function nameOf(service: ServiceRef, fallback: string): string {
  return orElse(service.name, orElse(service.host.split('.', 1)[0] as string, fallback))
}

function orElse(value: string, fallback: string): string {
  return value === '' ? fallback : value
}
