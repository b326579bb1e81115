import type { WorkloadEntrySpec } from './workload-entry.ts'

export interface HttpHealthCheckSpec {
  /** Default `/`. */
  readonly path?: string
  readonly port: number
  readonly host?: string
  /** Default `HTTP`. */
  readonly scheme?: string
  readonly httpHeaders?: readonly { readonly name?: string; readonly value?: string }[]
}

/** `istio.networking.v1.ReadinessProbe`: one method, and when it is tried. */
export interface ReadinessProbeSpec {
  readonly initialDelaySeconds?: number
  /** Default 1. */
  readonly timeoutSeconds?: number
  /** Default 10. */
  readonly periodSeconds?: number
  /** Default 1. */
  readonly successThreshold?: number
  /** Default 3. */
  readonly failureThreshold?: number
  readonly httpGet?: HttpHealthCheckSpec
  readonly tcpSocket?: { readonly host?: string; readonly port: number }
  readonly exec?: { readonly command?: readonly string[] }
  readonly grpc?: { readonly port?: number; readonly service?: string }
}

/** `istio.networking.v1.WorkloadGroup`: what the WorkloadEntries of a group of machines have in common. */
export interface WorkloadGroupSpec {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly template: WorkloadEntrySpec
  readonly probe?: ReadinessProbeSpec
}
