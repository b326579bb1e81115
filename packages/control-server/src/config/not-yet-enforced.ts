import { child, item } from './field-path.ts'
import { isRecord, type JsonRecord } from './record.ts'

/*
 * The fields that are accepted and kept, as they mean something in Istio or Kubernetes, but that nothing acts on yet.
 * Whoever makes one work takes its line away.
 */

interface Unenforced {
  /** Path under `spec`; `[]` stands for every item of a list, `*` for the whole spec. */
  readonly path: string
  /** Only for these values. */
  readonly when?: (value: unknown) => boolean
  /** What that means for the user. */
  readonly consequence?: string
}

const SKIPPED = 'this route is skipped'

const VIRTUAL_SERVICE: readonly Unenforced[] = [
  { path: 'http[].redirect', consequence: SKIPPED },
  { path: 'http[].directResponse', consequence: SKIPPED },
  { path: 'http[].delegate', consequence: SKIPPED },
  { path: 'http[].rewrite' },
  { path: 'http[].fault' },
  { path: 'http[].mirror' },
  { path: 'http[].mirrors' },
  { path: 'http[].mirrorPercent' },
  { path: 'http[].mirrorPercentage' },
  { path: 'http[].corsPolicy' },
  { path: 'http[].retries.retryRemoteLocalities' },
  { path: 'http[].match[].statPrefix' },
  { path: 'tls', when: hasItems },
  { path: 'tcp', when: hasItems },
  {
    path: 'gateways',
    when: (value) => hasItems(value) && !(value as readonly unknown[]).includes('mesh'),
    consequence: 'without mesh among them nothing of this resource has an effect',
  },
  {
    path: 'gateways',
    when: (value) => hasItems(value) && (value as readonly unknown[]).includes('mesh') && (value as []).length > 1,
    consequence: 'only mesh has an effect',
  },
]

const PORT_POLICY: readonly Unenforced[] = [
  { path: 'loadBalancer.simple', when: (value) => value === 'PASSTHROUGH', consequence: 'LEAST_REQUEST is used' },
  { path: 'loadBalancer.consistentHash' },
  { path: 'loadBalancer.backendUtilization' },
  { path: 'loadBalancer.localityLbSetting' },
  { path: 'loadBalancer.zoneAwareLbSetting' },
  { path: 'loadBalancer.warmupDurationSecs' },
  { path: 'loadBalancer.warmup' },
  { path: 'connectionPool.tcp.tcpKeepalive' },
  { path: 'connectionPool.tcp.maxConnectionDuration' },
  { path: 'connectionPool.http.h2UpgradePolicy' },
  { path: 'connectionPool.http.useClientProtocol' },
  { path: 'connectionPool.http.maxConcurrentStreams' },
  { path: 'connectionPool.http.http2KeepAlive' },
  { path: 'outlierDetection.minHealthPercent' },
  {
    path: 'tls',
    when: (value) => isRecord(value) && (value.mode ?? 'DISABLE') !== 'DISABLE',
    consequence: 'connections are not encrypted',
  },
]

const TRAFFIC_POLICY: readonly Unenforced[] = [
  ...PORT_POLICY,
  ...PORT_POLICY.map((entry) => ({ ...entry, path: `portLevelSettings[].${entry.path}` })),
  { path: 'tunnel' },
  { path: 'proxyProtocol' },
  { path: 'retryBudget' },
]

const DESTINATION_RULE: readonly Unenforced[] = [
  ...TRAFFIC_POLICY.map((entry) => ({ ...entry, path: `trafficPolicy.${entry.path}` })),
  ...TRAFFIC_POLICY.map((entry) => ({ ...entry, path: `subsets[].trafficPolicy.${entry.path}` })),
]

const SERVICE: readonly Unenforced[] = [
  { path: 'type', when: (value) => value === 'ExternalName', consequence: 'the service has no endpoints' },
  { path: 'ports[].protocol', when: (value) => value !== 'TCP', consequence: 'the port is not served' },
  { path: 'sessionAffinity', when: (value) => value === 'ClientIP' },
  { path: 'internalTrafficPolicy', when: (value) => value === 'Local' },
  { path: 'trafficDistribution' },
]

const TABLE: Readonly<Record<string, readonly Unenforced[]>> = {
  VirtualService: VIRTUAL_SERVICE,
  DestinationRule: DESTINATION_RULE,
  Service: SERVICE,
  ServiceEntry: [{ path: '*' }],
  WorkloadEntry: [{ path: '*' }],
  WorkloadGroup: [{ path: '*' }],
  Sidecar: [{ path: '*' }],
  XBackendTrafficPolicy: [{ path: '*' }],
  MeshConfig: [{ path: '*' }],
  LoadBalancer: [{ path: '*' }],
  FaultInjection: [{ path: '*' }],
}

function hasItems(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0
}

interface Found {
  readonly field: string
  readonly value: unknown
}

/** Every place of a spec that a path stands for and that has a value. */
function find(spec: JsonRecord, path: string): Found[] {
  let found: Found[] = [{ field: 'spec', value: spec }]
  if (path === '*') return found
  for (const step of path.split('.')) {
    const name = step.replace('[]', '')
    found = found.flatMap(({ field, value }) => {
      const inner = isRecord(value) ? value[name] : undefined
      const at = child(field, name)
      if (!step.endsWith('[]')) return inner === undefined ? [] : [{ field: at, value: inner }]
      return Array.isArray(inner)
        ? inner.map((entry: unknown, index) => ({ field: item(at, index), value: entry }))
        : []
    })
  }
  return found
}

/** One warning for each field of the spec that is accepted but not acted on, with its path. */
export function notYetEnforced(kind: string, spec: JsonRecord): string[] {
  return (TABLE[kind] ?? []).flatMap(({ path, when = () => true, consequence }) =>
    find(spec, path)
      .filter(({ value }) => when(value))
      .map(({ field }) => `${field}: accepted, not yet enforced${consequence === undefined ? '' : `: ${consequence}`}`),
  )
}
