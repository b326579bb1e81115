import { KINDS, type KindInfo } from '../config/resource.ts'
import { apiVersionOf } from '../registry/resource-address.ts'
import { ACCESS_OPERATIONS } from './access-operations.ts'
import { CERTIFICATE_OPERATIONS } from './certificate-operations.ts'
import { ref } from './openapi-schemas.ts'
import type { Operation, Operations } from './operation.ts'

const CONTROL: Operations = {
  'GET /healthz': { summary: 'The process answers.' },
  'GET /readyz': { summary: 'The server answers truly; 503 while it is stopping.' },
  'GET /metrics': { summary: 'Metrics of this server in the text format of Prometheus.' },
  'GET /openapi.json': { summary: 'This description.', answer: { type: 'object' } },
  'GET /v1/prometheus/targets': {
    summary: "Admin listeners of the workloads, in Prometheus' http_sd format.",
    answer: ref('TargetGroups'),
  },
  'GET /v1/stream': {
    summary: 'The stream of policy, as Server-Sent Events; docs/protocol.md describes it.',
    query: ['node'],
  },
  'POST /v1/streams/:id': {
    summary: "A client's subscriptions, acknowledgements and refusals; docs/protocol.md describes it.",
    body: { type: 'object' },
    code: 204,
  },
  'GET /v1/clients': { summary: 'Who is connected and how far each has come.', answer: ref('ClientList') },
  'GET /v1/services': { summary: 'The services of the mesh.', answer: ref('ServiceList') },
  'GET /v1/services/:namespace/:name': { summary: 'One service with its endpoints.', answer: ref('MeshService') },
  'GET /v1/services/:namespace/:name/canary': { summary: "The service's canary.", answer: { type: 'object' } },
  'PUT /v1/services/:namespace/:name/canary': {
    summary: 'Sends a share of the traffic, and what matches, to one subset.',
    query: ['dryRun', 'wait'],
    body: ref('Canary'),
    answer: ref('CanaryAnswer'),
  },
  'DELETE /v1/services/:namespace/:name/canary': {
    summary: 'Puts the split back as it was before the canary.',
    query: ['dryRun', 'wait'],
    answer: ref('CanaryAnswer'),
  },
  'POST /v1/services/:namespace/:name/canary/promote': {
    summary: 'Gives the canary all the traffic and ends it.',
    query: ['dryRun', 'wait'],
    answer: ref('CanaryAnswer'),
  },
  'PUT /v1/workloads/:id': {
    summary: 'Registers a workload, or renews it where nothing has changed.',
    body: ref('WorkloadRegistration'),
    answer: ref('WorkloadLease'),
  },
  'POST /v1/workloads/:id/renew': { summary: 'Renews a registration.', answer: ref('WorkloadLease') },
  'DELETE /v1/workloads/:id': { summary: 'Ends a registration.', answer: { type: 'object' } },
  'POST /v1/apply': {
    summary: 'Stores a YAML stream, an object, an array or a List of resources, all of them or none.',
    query: ['dryRun', 'wait', 'skipUnknown', 'namespace'],
    body: { type: ['object', 'array'] },
    answer: ref('ApplyAnswer'),
  },
  'POST /v1/analyze': {
    summary:
      'Judges a set of resources together with what is stored, and stores nothing; docs/analyze.md has the codes.',
    query: ['namespace'],
    body: { type: ['object', 'array'] },
    answer: ref('Analysis'),
  },
}

/** What is said of every route there can be. */
export function operations(): Operations {
  const all: Record<string, Operation> = { ...CONTROL, ...CERTIFICATE_OPERATIONS, ...ACCESS_OPERATIONS }
  for (const info of KINDS) for (const version of info.versions) Object.assign(all, ofKind(info, version))
  return all
}

function ofKind(info: KindInfo, version: string): Operations {
  const base = `${info.group === '' ? '/api' : '/apis'}/${apiVersionOf(info, version)}`
  const collection = `${base}/namespaces/:namespace/${info.plural}`
  const resource = ref(info.kind)
  const list = { type: 'object', properties: { items: { type: 'array', items: resource } } }
  const write = { query: ['dryRun', 'wait'], body: resource, answer: resource }
  return {
    [`GET ${base}/${info.plural}`]: { summary: `Every ${info.kind}.`, answer: list },
    [`GET ${collection}`]: { summary: `The ${info.kind}s of a namespace.`, answer: list },
    [`POST ${collection}`]: { summary: `Creates a ${info.kind}.`, ...write, code: 201 },
    [`GET ${collection}/:name`]: { summary: `One ${info.kind}.`, answer: resource },
    [`PUT ${collection}/:name`]: { summary: `Creates or replaces a ${info.kind}.`, ...write },
    [`PATCH ${collection}/:name`]: { summary: `Changes a ${info.kind} by JSON Merge Patch.`, ...write },
    [`DELETE ${collection}/:name`]: {
      summary: `Deletes a ${info.kind}.`,
      query: ['dryRun', 'wait'],
      answer: ref('Status'),
    },
  }
}
