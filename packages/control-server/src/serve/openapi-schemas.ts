import { KINDS } from '../config/resource.ts'
import { schemaOf } from '../config/schema/catalog.ts'

/** A JSON Schema, or a part of an OpenAPI description. */
export type Json = Readonly<Record<string, unknown>>

export const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` })

const text: Json = { type: 'string' }
const count: Json = { type: 'integer', minimum: 0 }
const port: Json = { type: 'integer', minimum: 1, maximum: 65_535 }
const textMap: Json = { type: 'object', additionalProperties: text }
const listOf = (items: Json): Json => ({ type: 'array', items })

function object(properties: Readonly<Record<string, Json>>, optional: readonly string[] = []): Json {
  return { type: 'object', properties, required: Object.keys(properties).filter((name) => !optional.includes(name)) }
}

const violation = object({ field: text, message: text })
const waitOutcome = { revision: count, acked: count, nacked: count, pending: count }
const shares = listOf(object({ host: text, subset: text, weight: count }))

const service = {
  host: text,
  name: text,
  namespace: text,
  ports: listOf(object({ name: text, port, protocol: text })),
  subsets: listOf(object({ name: text, labels: textMap })),
  endpointCount: count,
  split: shares,
}

const endpoint = object({
  id: text,
  address: text,
  port,
  servicePort: port,
  labels: textMap,
  health: { type: 'string', enum: ['HEALTHY', 'UNHEALTHY', 'DRAINING'] },
  workload: object({ id: text, name: text, namespace: text, serviceAccount: text }),
  locality: text,
  weight: count,
})

const workloadPort = object({ name: text, servicePort: port, port, listenPort: port, protocol: text })

const client = object({
  id: text,
  streamId: text,
  service: text,
  namespace: text,
  version: text,
  connectedAt: { type: 'string', format: 'date-time' },
  subscriptions: listOf(text),
  sent: count,
  acked: count,
  pending: count,
  nacked: listOf(object({ name: text, version: text, violations: listOf(violation) })),
})

const canary = object(
  { subset: text, weight: { type: 'integer', minimum: 0, maximum: 100 }, match: listOf({ type: 'object' }) },
  ['match'],
)

const registration = object(
  {
    service: text,
    namespace: text,
    workload: text,
    address: text,
    ports: listOf(workloadPort),
    labels: textMap,
    serviceAccount: text,
    locality: text,
    weight: count,
    adminPort: port,
    healthStatus: { type: 'string', enum: ['UNKNOWN', 'HEALTHY', 'UNHEALTHY'] },
  },
  ['workload', 'adminPort', 'healthStatus'],
)

const status = object(
  {
    kind: { const: 'Status' },
    apiVersion: { const: 'v1' },
    metadata: { type: 'object' },
    status: { enum: ['Success', 'Failure'] },
    message: text,
    reason: text,
    details: object(
      { name: text, group: text, kind: text, causes: listOf(object({ field: text, message: text, reason: text })) },
      ['name', 'group', 'kind', 'causes'],
    ),
    code: count,
  },
  ['reason', 'details'],
)

const applyResult = object({ apiVersion: text, kind: text, namespace: text, name: text, action: text })

const analysisMessage = object(
  {
    code: text,
    severity: { enum: ['error', 'warning', 'info'] },
    resource: object({ kind: text, namespace: text, name: text }),
    field: text,
    message: text,
    remedy: text,
    item: count,
    line: count,
  },
  ['line'],
)

const moment: Json = { type: 'string', format: 'date-time' }

const trust = { trustDomain: text, trustDomainAliases: listOf(text) }

const ca = object(
  {
    signer: text,
    ...trust,
    roots: listOf(object({ fingerprint: text, subject: text, notBefore: moment, notAfter: moment, certificate: text })),
    rotation: object({ phase: { enum: ['stable', 'introducing', 'retiring'] }, since: moment, until: moment }, [
      'since',
      'until',
    ]),
  },
  ['signer', 'trustDomain', 'trustDomainAliases', 'rotation'],
)

const certificate = object(
  {
    serial: text,
    spiffeId: text,
    workloadId: text,
    via: { enum: ['token', 'kubernetes', 'attestor', 'certificate'] },
    credential: text,
    tokenId: text,
    issuedAt: moment,
    notAfter: moment,
    revoked: { enum: ['identity', 'certificate', 'token'] },
  },
  ['tokenId', 'revoked'],
)

const revocation = object(
  {
    kind: { enum: ['identity', 'serial'] },
    namespace: text,
    serviceAccount: text,
    serial: text,
    workloadId: text,
    revokedAt: moment,
    by: text,
  },
  ['serial', 'workloadId'],
)

const certificateSchemas = {
  CertificateRequest: object({ csr: text, workloadId: text }),
  CertificateResponse: object(
    { certificateChain: listOf(text), spiffeId: text, ttlMs: count, ...trust, trustBundle: listOf(text) },
    ['trustDomainAliases'],
  ),
  CertificateList: object({ certificates: listOf(certificate), revocations: listOf(revocation), ca }),
  Revocable: object({ identity: text, serial: text }, ['identity', 'serial']),
  Ca: ca,
  TrustBundle: object({ ...trust, certificates: listOf(text) }, ['trustDomainAliases']),
}

/** Every named schema of the API, those of the kinds among them. */
export function schemas(): Readonly<Record<string, object>> {
  return {
    ...Object.fromEntries(KINDS.map(({ kind }) => [kind, schemaOf(kind) ?? {}])),
    Status: status,
    WaitOutcome: object(waitOutcome),
    ApplyAnswer: object({ ...waitOutcome, results: listOf(applyResult), warnings: listOf(text) }, [
      'acked',
      'nacked',
      'pending',
    ]),
    Analysis: object({
      messages: listOf(analysisMessage),
      counts: object({ error: count, warning: count, info: count }),
      unlisted: count,
    }),
    ServiceList: object({ revision: count, services: listOf(object(service)) }),
    MeshService: object({ ...service, endpoints: listOf(endpoint) }),
    Canary: canary,
    CanaryAnswer: object({ ...waitOutcome, canary: { type: 'object' }, warnings: listOf(text) }, [
      'canary',
      'acked',
      'nacked',
      'pending',
    ]),
    WorkloadRegistration: registration,
    WorkloadLease: object({ ttlMs: count }),
    ClientList: object({ clients: listOf(client) }),
    ...certificateSchemas,
    TargetGroups: listOf(object({ targets: listOf(text), labels: textMap })),
  }
}
