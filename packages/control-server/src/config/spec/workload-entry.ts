/** Labels that all must be there, of workloads of the resource's own namespace (`istio.networking.v1.WorkloadSelector`). */
export interface WorkloadSelector {
  readonly labels?: Readonly<Record<string, string>>
}

/** `istio.networking.v1.WorkloadEntry`: one endpoint that nobody registers, such as a virtual machine. */
export interface WorkloadEntrySpec {
  /** IP address, host name (only where the service resolves by DNS), `unix:///path` or `unix://@name`. */
  readonly address?: string
  /** Name of a port of the service to the port at the address. */
  readonly ports?: Readonly<Record<string, number>>
  readonly labels?: Readonly<Record<string, string>>
  readonly network?: string
  /** `region/zone/subzone`; the later parts may be absent. */
  readonly locality?: string
  /** 0 stands for absent, which is 1. */
  readonly weight?: number
  readonly serviceAccount?: string
}
