export interface ServicePortSpec {
  readonly name?: string
  readonly port: number
  /** A port of the workload by number or by name. Absent: as `port`. */
  readonly targetPort?: number | string
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP'
  readonly appProtocol?: string
  readonly nodePort?: number
}

/** A Kubernetes v1 Service as far as the mesh looks at it; its other fields are let through. */
export interface ServiceSpec {
  readonly selector?: Readonly<Record<string, string>>
  readonly ports?: readonly ServicePortSpec[]
  readonly type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName'
  readonly clusterIP?: string
  readonly clusterIPs?: readonly string[]
  readonly externalName?: string
}
