import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import {
  DEFAULT_DOMAIN,
  DEFAULT_WORKLOAD_WEIGHT,
  FEATURES,
  formatLocality,
  type Node,
  type ServiceRef,
  serviceHost,
  type WorkloadRegistration,
} from '@weft/mesh-protocol'
import type { CallingWorkload } from '../cluster/cluster-manager.ts'
import { systemClock } from '../kernel/clock.ts'
import { peerOf } from '../kernel/peer-header.ts'
import type { Peer } from '../kernel/recorder.ts'
import type { ResolvedOptions } from '../options/types.ts'
import { isProcessRunning, keptWorkloadId, thisProcess } from './kept-workload-id.ts'

/** Who this process is, in the words of each who is told. */
export interface Self {
  /** For the control server. */
  readonly node: Node
  /** For telemetry. */
  readonly peer: Peer
  /** For balancing. */
  readonly caller: CallingWorkload
  /** The service, as it is called until the control server says what it is; absent where there is none. */
  readonly service: ServiceRef | undefined
  /** For a registration, but for where it is reached. */
  readonly workload: Omit<WorkloadRegistration, 'address' | 'ports'>
}

export function describeSelf(options: ResolvedOptions, clientVersion: string): Self {
  const { service, namespace, labels, serviceAccount, locality, workload, clusterId } = options
  const id = workloadId(options)
  const common = { service, namespace, labels, serviceAccount }
  return {
    node: {
      id,
      ...common,
      locality,
      servicePorts: service === '' ? [] : [options.servicePort],
      ...(workload === '' ? {} : { workload }),
      clientVersion,
      features: FEATURES,
    },
    service:
      service === '' ? undefined : { host: serviceHost(service, namespace, DEFAULT_DOMAIN), name: service, namespace },
    caller: {
      labels,
      locality,
      service: service === '' ? undefined : { name: service, namespace },
    },
    peer: peerOf({ name: workload, namespace }, labels, clusterId),
    workload: {
      ...common,
      ...(workload === '' ? {} : { workload }),
      locality: formatLocality(locality),
      weight: DEFAULT_WORKLOAD_WEIGHT,
    },
  }
}

/** Made here, or that of the process before this one where it has left its identity behind. */
function workloadId({ service, identityDir }: ResolvedOptions): string {
  const prefix = `${service === '' ? 'client' : service}-`
  const kept =
    identityDir === undefined
      ? undefined
      : keptWorkloadId(identityDir, prefix, thisProcess(systemClock), isProcessRunning)
  return kept ?? `${prefix}${randomUUID().slice(-12)}`
}

/** Of this package, as its manifest says; `unknown` where a bundler has left it behind. */
export function clientVersion(): string {
  try {
    const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    return (manifest as { version: string }).version
  } catch {
    return 'unknown'
  }
}
