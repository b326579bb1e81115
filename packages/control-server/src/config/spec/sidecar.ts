import type { ConnectionPoolSettings } from './destination-rule.ts'
import type { Destination } from './virtual-service.ts'
import type { WorkloadSelector } from './workload-entry.ts'

export type CaptureMode = 'DEFAULT' | 'IPTABLES' | 'NONE'

export interface SidecarPort {
  /** 0 stands for absent: only where a Unix socket is bound. */
  readonly number?: number
  readonly protocol?: string
  readonly name?: string
  readonly targetPort?: number
}

/** `istio.networking.v1.OutboundTrafficPolicy`: what happens to hosts that the mesh does not know. */
export interface OutboundTrafficPolicySpec {
  /** Absent in a block that is there: `REGISTRY_ONLY`, the zero value. */
  readonly mode?: 'REGISTRY_ONLY' | 'ALLOW_ANY'
  readonly egressProxy?: Destination
}

export interface IstioEgressListener {
  readonly port?: SidecarPort
  readonly bind?: string
  readonly captureMode?: CaptureMode
  /** `namespace/host`; the namespace may be `.` (own), `*` (any) or `~` (none). */
  readonly hosts: readonly string[]
}

export interface ServerTlsSettings {
  readonly httpsRedirect?: boolean
  readonly mode?: 'PASSTHROUGH' | 'SIMPLE' | 'MUTUAL' | 'AUTO_PASSTHROUGH' | 'ISTIO_MUTUAL' | 'OPTIONAL_MUTUAL'
  readonly serverCertificate?: string
  readonly privateKey?: string
  readonly caCertificates?: string
  readonly caCrl?: string
  readonly credentialName?: string
  readonly credentialNames?: readonly string[]
  readonly caCertCredentialName?: string
  readonly tlsCertificates?: readonly {
    readonly serverCertificate?: string
    readonly privateKey?: string
    readonly caCertificates?: string
  }[]
  readonly subjectAltNames?: readonly string[]
  readonly verifyCertificateSpki?: readonly string[]
  readonly verifyCertificateHash?: readonly string[]
  readonly minProtocolVersion?: string
  readonly maxProtocolVersion?: string
  readonly cipherSuites?: readonly string[]
  readonly insecureSkipVerify?: boolean
}

export interface IstioIngressListener {
  readonly port: SidecarPort
  readonly bind?: string
  readonly captureMode?: CaptureMode
  readonly defaultEndpoint?: string
  readonly tls?: ServerTlsSettings
  readonly connectionPool?: ConnectionPoolSettings
}

/** `istio.networking.v1.Sidecar`: what the workloads that it selects can reach. */
export interface SidecarSpec {
  /** Absent: every workload of the namespace; in the root namespace, of the mesh. */
  readonly workloadSelector?: WorkloadSelector
  readonly ingress?: readonly IstioIngressListener[]
  /** Absent: everything that is exported to the namespace. */
  readonly egress?: readonly IstioEgressListener[]
  readonly inboundConnectionPool?: ConnectionPoolSettings
  /** Absent: as the MeshConfig says. */
  readonly outboundTrafficPolicy?: OutboundTrafficPolicySpec
}
