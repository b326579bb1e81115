import type { LocalityLbSetting, TcpSettings, ZoneAwareLbSetting } from './destination-rule.ts'
import type { ExtensionProvider } from './extension-provider.ts'
import type { HttpRetry } from './virtual-service.ts'

/**
 * `mesh.weft.dev/v1` MeshConfig: defaults for the whole mesh, by the names of `istio.mesh.v1alpha1.MeshConfig`. There is
 * one, `default` in the root namespace.
 */
export interface MeshConfigSpec {
  /** What happens to hosts that the mesh does not know. Absent: `ALLOW_ANY`; in a block without a mode `REGISTRY_ONLY`. */
  readonly outboundTrafficPolicy?: { readonly mode?: 'REGISTRY_ONLY' | 'ALLOW_ANY' }
  /** Default 10s. */
  readonly connectTimeout?: string
  readonly tcpKeepalive?: NonNullable<TcpSettings['tcpKeepalive']>
  /** Absent: enabled, without further rules. */
  readonly localityLbSetting?: LocalityLbSetting
  /** Where it is given it goes before `localityLbSetting`. */
  readonly zoneAwareLbSetting?: ZoneAwareLbSetting
  /** For routes that have no `retries`. */
  readonly defaultHttpRetryPolicy?: HttpRetry
  /** Default `["*"]`. */
  readonly defaultServiceExportTo?: readonly string[]
  /** Default `["*"]`. */
  readonly defaultVirtualServiceExportTo?: readonly string[]
  /** Default `["*"]`. */
  readonly defaultDestinationRuleExportTo?: readonly string[]
  /** Default 60s. */
  readonly dnsRefreshRate?: string
  /** Default `DO_NOT_UPGRADE`. */
  readonly h2UpgradePolicy?: 'DO_NOT_UPGRADE' | 'UPGRADE'
  /** Of the identities that the mesh gives. Default `cluster.local`. */
  readonly trustDomain?: string
  /** Other names of the same mesh. */
  readonly trustDomainAliases?: readonly string[]
  /** Default true. */
  readonly enableAutoMtls?: boolean
  /** Default, as `DEFAULT`: `BASE`. */
  readonly pathNormalization?: {
    readonly normalization?: 'DEFAULT' | 'NONE' | 'BASE' | 'MERGE_SLASHES' | 'DECODE_AND_MERGE_SLASHES'
  }
  readonly extensionProviders?: readonly ExtensionProvider[]
  /** Of `istio.mesh.v1alpha1.ProxyConfig`; the rest of it is a proxy's. */
  readonly defaultConfig?: { readonly gatewayTopology?: { readonly numTrustedProxies?: number } }
  /** Which decisions about requests workloads write down; Istio has no such field. Default `DENIED_AND_MARKED`. */
  readonly auditDecisions?: 'ALL' | 'DENIED_AND_MARKED'
  /** Only to say what holds anyway: the root namespace cannot be changed. */
  readonly rootNamespace?: string
}

/** How the one MeshConfig is called. */
export const MESH_CONFIG_NAME = 'default'
