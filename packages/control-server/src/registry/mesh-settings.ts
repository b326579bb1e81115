import {
  DEFAULT_CONNECT_TIMEOUT_MS,
  DEFAULT_DNS_REFRESH_RATE_MS,
  DEFAULT_PATH_NORMALIZATION,
  DEFAULT_TRUST_DOMAIN,
  type PathNormalization,
  ROOT_NAMESPACE,
} from '@weft/mesh-protocol'
import { positiveMilliseconds } from '../config/duration.ts'
import type { ConfigResource } from '../config/resource.ts'
import type { LocalityLbSetting, ZoneAwareLbSetting } from '../config/spec/destination-rule.ts'
import type { ExtensionProvider } from '../config/spec/extension-provider.ts'
import { MESH_CONFIG_NAME, type MeshConfigSpec } from '../config/spec/mesh-config.ts'
import type { HttpRetry } from '../config/spec/virtual-service.ts'

/** What holds for the whole mesh where nothing narrower is said: the MeshConfig with its defaults filled in. Immutable. */
export interface MeshSettings {
  /** What becomes of hosts that the mesh does not know. Default `ALLOW_ANY`. */
  readonly outboundTrafficPolicy: 'ALLOW_ANY' | 'REGISTRY_ONLY'
  /** Default `DEFAULT_CONNECT_TIMEOUT_MS`. */
  readonly connectTimeoutMs: number
  /** As written, for DestinationRules that have none; `undefined`: the platform's. */
  readonly tcpKeepalive: MeshConfigSpec['tcpKeepalive'] | undefined
  /** As written; `enabled` is true where nothing is said. A DestinationRule's own replaces it whole. */
  readonly localityLbSetting: LocalityLbSetting
  /** As written; where it is there, it goes before {@link localityLbSetting}. */
  readonly zoneAwareLbSetting: ZoneAwareLbSetting | undefined
  /** For routes without `retries`; `undefined`: the built-in policy. */
  readonly defaultHttpRetryPolicy: HttpRetry | undefined
  /** Default `*`, as the two below. */
  readonly defaultServiceExportTo: readonly string[]
  readonly defaultVirtualServiceExportTo: readonly string[]
  readonly defaultDestinationRuleExportTo: readonly string[]
  /** Default `DEFAULT_DNS_REFRESH_RATE_MS`. */
  readonly dnsRefreshRateMs: number
  readonly h2UpgradePolicy: 'DO_NOT_UPGRADE' | 'UPGRADE'
  /** Of the identities that the mesh gives. Default `DEFAULT_TRUST_DOMAIN`. */
  readonly trustDomain: string
  /** Its other names, whose identities pass for its own. */
  readonly trustDomainAliases: readonly string[]
  /** Whether calls to workloads that take mutual TLS use it where no DestinationRule says otherwise. Default true. */
  readonly autoMtls: boolean
  /** Default `DEFAULT_PATH_NORMALIZATION`. */
  readonly pathNormalization: PathNormalization
  readonly extensionProviders: readonly ExtensionProvider[]
  /** Proxies before a workload that are believed about the client's address. Default 0. */
  readonly numTrustedProxies: number
  /** What of the decisions about requests is written down. Default `DENIED_AND_MARKED`. */
  readonly auditDecisions: 'ALL' | 'DENIED_AND_MARKED'
}

const EVERYBODY: readonly string[] = ['*']

/** @param spec of the MeshConfig; `undefined`: there is none */
export function meshSettings(spec: MeshConfigSpec | undefined): MeshSettings {
  const { outboundTrafficPolicy, tcpKeepalive, localityLbSetting } = spec ?? {}
  return {
    // The zero value of Istio's enumeration, once the block is there.
    outboundTrafficPolicy:
      outboundTrafficPolicy === undefined ? 'ALLOW_ANY' : (outboundTrafficPolicy.mode ?? 'REGISTRY_ONLY'),
    connectTimeoutMs: positiveMilliseconds(spec?.connectTimeout) ?? DEFAULT_CONNECT_TIMEOUT_MS,
    tcpKeepalive,
    localityLbSetting: { enabled: true, ...localityLbSetting },
    zoneAwareLbSetting: spec?.zoneAwareLbSetting,
    defaultHttpRetryPolicy: spec?.defaultHttpRetryPolicy,
    defaultServiceExportTo: someOf(spec?.defaultServiceExportTo),
    defaultVirtualServiceExportTo: someOf(spec?.defaultVirtualServiceExportTo),
    defaultDestinationRuleExportTo: someOf(spec?.defaultDestinationRuleExportTo),
    dnsRefreshRateMs: positiveMilliseconds(spec?.dnsRefreshRate) ?? DEFAULT_DNS_REFRESH_RATE_MS,
    h2UpgradePolicy: spec?.h2UpgradePolicy ?? 'DO_NOT_UPGRADE',
    trustDomain: textOr(spec?.trustDomain, DEFAULT_TRUST_DOMAIN),
    trustDomainAliases: spec?.trustDomainAliases ?? [],
    autoMtls: spec?.enableAutoMtls ?? true,
    pathNormalization: pathNormalization(spec?.pathNormalization?.normalization),
    extensionProviders: spec?.extensionProviders ?? [],
    numTrustedProxies: spec?.defaultConfig?.gatewayTopology?.numTrustedProxies ?? 0,
    auditDecisions: spec?.auditDecisions ?? 'DENIED_AND_MARKED',
  }
}

/** The settings that a list of MeshConfigs comes to; validation sees to it that there is one at most. */
export function meshSettingsOf(resources: readonly ConfigResource[]): MeshSettings {
  const only = resources.find(
    ({ metadata }) => metadata.namespace === ROOT_NAMESPACE && metadata.name === MESH_CONFIG_NAME,
  )
  return meshSettings(only?.spec as MeshConfigSpec | undefined)
}

const someOf = (given: readonly string[] | undefined): readonly string[] =>
  given === undefined || given.length === 0 ? EVERYBODY : given

const textOr = (given: string | undefined, otherwise: string): string =>
  given === undefined || given === '' ? otherwise : given

function pathNormalization(given: 'DEFAULT' | PathNormalization | undefined): PathNormalization {
  return given === undefined || given === 'DEFAULT' ? DEFAULT_PATH_NORMALIZATION : given
}
