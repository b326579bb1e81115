import { ROOT_NAMESPACE } from '@weft/mesh-protocol'
import { parseDuration } from '../duration.ts'
import { child, item } from '../field-path.ts'
import { isDnsLabel } from '../names.ts'
import { MESH_CONFIG_NAME, type MeshConfigSpec } from '../spec/mesh-config.ts'
import { checkKeepalive } from './connection-pool.ts'
import type { Context } from './context.ts'
import { checkDuration, checkMinimumDuration } from './durations.ts'
import { checkExportTo } from './export-to.ts'
import { checkExtensionProviders } from './extension-providers.ts'
import { quote } from './hosts.ts'
import { checkLocalityLb, checkZoneAwareLb } from './locality.ts'
import type { Report } from './report.ts'
import { checkRetries } from './retries.ts'

/** What the schema of a MeshConfig cannot tell: there is one, so that nobody has to ask which of them holds. */
export function checkMeshConfig(spec: MeshConfigSpec, { report, name, namespace }: Context): void {
  const only = `the mesh has one MeshConfig, ${MESH_CONFIG_NAME} in the namespace ${ROOT_NAMESPACE}`
  if (name !== MESH_CONFIG_NAME) report.violation('metadata.name', `must be ${MESH_CONFIG_NAME}: ${only}`)
  if (namespace !== ROOT_NAMESPACE) report.violation('metadata.namespace', `must be ${ROOT_NAMESPACE}: ${only}`)
  const { rootNamespace = ROOT_NAMESPACE } = spec
  if (rootNamespace !== ROOT_NAMESPACE) {
    report.violation(
      'spec.rootNamespace',
      `must be ${ROOT_NAMESPACE}, which cannot be changed, not ${quote(rootNamespace)}`,
    )
  }
  checkDefaults(spec, report)
  checkIdentity(spec, report)
  checkExtensionProviders(spec.extensionProviders ?? [], 'spec.extensionProviders', report)
}

const EXPORT_FIELDS = [
  'defaultServiceExportTo',
  'defaultVirtualServiceExportTo',
  'defaultDestinationRuleExportTo',
] as const

const HOUR_MS = 3_600_000

function checkDefaults(spec: MeshConfigSpec, report: Report): void {
  if (spec.outboundTrafficPolicy !== undefined && spec.outboundTrafficPolicy.mode === undefined) {
    report.warning('spec.outboundTrafficPolicy', 'without a mode is REGISTRY_ONLY: unknown hosts are refused')
  }
  checkDuration(spec.connectTimeout, 'spec.connectTimeout', report)
  const connect = parseDuration(spec.connectTimeout ?? '1ms')
  if (connect.ok && connect.value > HOUR_MS) report.violation('spec.connectTimeout', 'must be at most 1h')
  checkKeepalive(spec.tcpKeepalive, 'spec.tcpKeepalive', report)
  // Whether a service has outlier detection is up to its DestinationRule.
  checkLocalityLb(spec.localityLbSetting, true, 'spec.localityLbSetting', report)
  checkZoneAwareLb(spec.zoneAwareLbSetting, true, 'spec.zoneAwareLbSetting', report)
  checkRetries(spec.defaultHttpRetryPolicy, 'spec.defaultHttpRetryPolicy', report)
  checkMinimumDuration(spec.dnsRefreshRate, 'spec.dnsRefreshRate', report)
  for (const name of EXPORT_FIELDS) {
    const allowNobody = name === 'defaultServiceExportTo'
    checkExportTo(spec[name], ROOT_NAMESPACE, { field: child('spec', name), allowNobody }, report)
  }
}

/** Istio `validateTrustDomainConfig`, in lower case, as SPIFFE has it. */
function checkIdentity({ trustDomain = '', trustDomainAliases = [] }: MeshConfigSpec, report: Report): void {
  const named = [
    ...(trustDomain === '' ? [] : [['spec.trustDomain', trustDomain] as const]),
    ...trustDomainAliases.map((name, index) => [item('spec.trustDomainAliases', index), name] as const),
  ]
  for (const [field, name] of named) {
    if (name.split('.').every(isDnsLabel)) continue
    report.violation(
      field,
      `${quote(name)} is no trust domain: lower-case letters, digits and '-', in parts with dots between`,
    )
  }
}
