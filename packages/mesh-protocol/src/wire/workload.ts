/** One port of a workload. */
export interface WorkloadPort {
  /** DNS label, e.g. `http`. */
  readonly name: string
  /** What callers dial, 1 to 65535. */
  readonly servicePort: number
  /** The workload's port as policies name it. */
  readonly port: number
  /** What the process really bound, and what is connected to. */
  readonly listenPort: number
  readonly protocol: string
}

/** What a workload has found by its readiness probe. `UNKNOWN`: it has none. */
export type WorkloadHealth = 'UNKNOWN' | 'HEALTHY' | 'UNHEALTHY'

/** Body of `PUT /v1/workloads/{id}`. */
export interface WorkloadRegistration {
  /** Name of the service it belongs to; also the name of the service that exists by this registration. */
  readonly service: string
  readonly namespace: string
  /** Name for telemetry, e.g. of the deployment. Default: the service, or `service-version`. */
  readonly workload?: string
  /** IP address or host name it is reached at. */
  readonly address: string
  readonly ports: readonly WorkloadPort[]
  readonly labels: Readonly<Record<string, string>>
  readonly serviceAccount: string
  /** `region/zone/subzone`, narrower parts optional, or empty. */
  readonly locality: string
  /** 1 or more. */
  readonly weight: number
  /** Port of the admin listener that serves /metrics, for service discovery by Prometheus. */
  readonly adminPort?: number
  /** `UNHEALTHY` counts only where the workload's group has a probe. Absent: `UNKNOWN`, which is called. */
  readonly healthStatus?: WorkloadHealth
  /** Holds a certificate of the mesh and answers mutual TLS with it. Absent: plaintext only. Istio label `security.istio.io/tlsMode`. */
  readonly tlsMode?: 'istio'
}

/** Answer to a registration and a renewal. */
export interface WorkloadLease {
  /** The registration is dropped when it is not renewed for this long. */
  readonly ttlMs: number
}
