import {
  duration,
  fields,
  flag,
  int32,
  integer,
  listOf,
  mapOf,
  nullable,
  number,
  oneOf,
  text,
  textList,
  uint32,
  uint64,
} from './common.ts'
import type { JsonSchema } from './json-schema.ts'

/* The blocks of `istio.networking.v1.TrafficPolicy`, every field. */

/** Istio's CRD. */
const MAX_PORT_LEVEL_SETTINGS = 4096

const failover = listOf(fields({}, { from: text, to: text }))

const consistentHash = fields(
  {},
  {
    httpHeaderName: text,
    httpCookie: fields(
      { name: text },
      { path: text, ttl: duration, attributes: listOf(fields({ name: text }, { value: text })) },
    ),
    useSourceIp: flag,
    httpQueryParameterName: text,
    ringHash: fields({}, { minimumRingSize: uint64 }),
    maglev: fields({}, { tableSize: uint64 }),
    minimumRingSize: uint64,
  },
)

export const LOCALITY_LB_SETTING: JsonSchema = fields(
  {},
  {
    distribute: listOf(fields({}, { from: text, to: mapOf(uint32) })),
    failover,
    failoverPriority: textList,
    enabled: nullable(flag),
  },
)

export const ZONE_AWARE_LB_SETTING: JsonSchema = fields(
  {},
  {
    enabled: nullable(flag),
    failover,
    failoverPriority: textList,
    minClusterSize: nullable(integer(1, 2 ** 32 - 1)),
  },
)

const loadBalancer = fields(
  {},
  {
    simple: oneOf('UNSPECIFIED', 'LEAST_CONN', 'RANDOM', 'PASSTHROUGH', 'ROUND_ROBIN', 'LEAST_REQUEST'),
    consistentHash,
    backendUtilization: fields(
      {},
      {
        errorUtilizationPenaltyPercent: uint32,
        metricNamesForComputingUtilization: textList,
        weightExpirationPeriod: duration,
        weightStabilizationPeriod: duration,
        weightUpdatePeriod: duration,
      },
    ),
    localityLbSetting: LOCALITY_LB_SETTING,
    zoneAwareLbSetting: ZONE_AWARE_LB_SETTING,
    warmupDurationSecs: duration,
    warmup: fields(
      { duration },
      { minimumPercent: nullable(number(0, 100)), aggression: nullable(number(0, Number.MAX_VALUE)) },
    ),
  },
)

export const TCP_KEEPALIVE: JsonSchema = fields({}, { probes: uint32, time: duration, interval: duration })

export const CONNECTION_POOL: JsonSchema = fields(
  {},
  {
    tcp: fields(
      {},
      {
        maxConnections: int32,
        connectTimeout: duration,
        tcpKeepalive: TCP_KEEPALIVE,
        maxConnectionDuration: duration,
        idleTimeout: duration,
      },
    ),
    http: fields(
      {},
      {
        http1MaxPendingRequests: int32,
        http2MaxRequests: int32,
        maxRequestsPerConnection: int32,
        maxRetries: int32,
        idleTimeout: duration,
        h2UpgradePolicy: oneOf('DEFAULT', 'DO_NOT_UPGRADE', 'UPGRADE'),
        useClientProtocol: flag,
        maxConcurrentStreams: int32,
        http2KeepAlive: fields({}, { interval: duration, timeout: duration }),
      },
    ),
  },
)

const outlierDetection = fields(
  {},
  {
    consecutiveErrors: int32,
    splitExternalLocalOriginErrors: flag,
    consecutiveLocalOriginFailures: nullable(uint32),
    consecutiveGatewayErrors: nullable(uint32),
    consecutive5xxErrors: nullable(uint32),
    interval: duration,
    baseEjectionTime: duration,
    maxEjectionPercent: int32,
    minHealthPercent: int32,
    outlierDetectionHttpErrorCodes: listOf(integer(100, 599)),
  },
)

const tls = fields(
  {},
  {
    mode: oneOf('DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL'),
    clientCertificate: text,
    privateKey: text,
    caCertificates: text,
    credentialName: text,
    subjectAltNames: textList,
    sni: text,
    insecureSkipVerify: nullable(flag),
    caCrl: text,
  },
)

const blocks = { loadBalancer, connectionPool: CONNECTION_POOL, outlierDetection, tls }

export const TRAFFIC_POLICY: JsonSchema = fields(
  {},
  {
    ...blocks,
    portLevelSettings: listOf(fields({}, { port: fields({}, { number: uint32 }), ...blocks }), {
      maxItems: MAX_PORT_LEVEL_SETTINGS,
    }),
    tunnel: fields({ targetHost: text, targetPort: uint32 }, { protocol: text }),
    proxyProtocol: fields({}, { version: oneOf('V1', 'V2') }),
    retryBudget: fields(
      {},
      { percent: nullable(number(0, 100)), minRetryConcurrency: uint32, budgetInterval: duration },
    ),
  },
)
