import { duration, fields, flag, nullable, oneOf, openFields, text, textList, uint32 } from './common.ts'
import { EXTENSION_PROVIDERS } from './extension-providers.ts'
import type { JsonSchema, JsonType } from './json-schema.ts'
import { LOCALITY_LB_SETTING, TCP_KEEPALIVE, ZONE_AWARE_LB_SETTING } from './traffic-policy.ts'
import { RETRIES } from './virtual-service.ts'

/** Fields of Istio's MeshConfig that are about its proxies, its control plane or its installation. */
export const PROXY_MESH_CONFIG_FIELDS: readonly string[] = [
  'accessLogEncoding',
  'accessLogFile',
  'accessLogFormat',
  'ca',
  'caCertificates',
  'certificates',
  'configSources',
  'defaultInboundHttpRetryPolicy',
  'defaultProviders',
  'defaultTrafficPolicy',
  'disableEnvoyListenerLog',
  'discoverySelectors',
  'enableEnvoyAccessLogService',
  'enablePrometheusMerge',
  'enableTracing',
  'hboneIdleTimeout',
  'inboundClusterStatName',
  'inboundTrafficPolicy',
  'ingressClass',
  'ingressControllerMode',
  'ingressSelector',
  'ingressService',
  'meshMTLS',
  'outboundClusterStatName',
  'protocolDetectionTimeout',
  'proxyHttpPort',
  'proxyInboundListenPort',
  'proxyListenPort',
  'serviceScopeConfigs',
  'serviceSettings',
  'statNameFormats',
  'thriftConfig',
  'tlsDefaults',
  'verifyCertificateAtClient',
]

const ANY_TYPE: readonly JsonType[] = ['object', 'array', 'string', 'number', 'boolean', 'null']

/** `mesh.weft.dev/v1` MeshConfig: the part of `istio.mesh.v1alpha1.MeshConfig` that clients act on; the rest is let through. */
export const MESH_CONFIG_SPEC: JsonSchema = fields(
  {},
  {
    outboundTrafficPolicy: fields({}, { mode: oneOf('REGISTRY_ONLY', 'ALLOW_ANY') }),
    connectTimeout: duration,
    tcpKeepalive: TCP_KEEPALIVE,
    localityLbSetting: LOCALITY_LB_SETTING,
    zoneAwareLbSetting: ZONE_AWARE_LB_SETTING,
    defaultHttpRetryPolicy: RETRIES,
    defaultServiceExportTo: textList,
    defaultVirtualServiceExportTo: textList,
    defaultDestinationRuleExportTo: textList,
    dnsRefreshRate: duration,
    h2UpgradePolicy: oneOf('DO_NOT_UPGRADE', 'UPGRADE'),
    rootNamespace: text,
    trustDomain: text,
    trustDomainAliases: textList,
    enableAutoMtls: nullable(flag),
    pathNormalization: fields(
      {},
      { normalization: oneOf('DEFAULT', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES') },
    ),
    extensionProviders: EXTENSION_PROVIDERS,
    defaultConfig: openFields({}, { gatewayTopology: openFields({}, { numTrustedProxies: uint32 }) }),
    auditDecisions: oneOf('ALL', 'DENIED_AND_MARKED'),
    ...Object.fromEntries(
      PROXY_MESH_CONFIG_FIELDS.map((name) => [name, { type: ANY_TYPE, description: 'Only has an effect in a proxy' }]),
    ),
  },
)
