import { isIpAddress, isUnspecified } from '../ip-address.ts'
import { fail, ok, type Result, type Violation } from '../result.ts'
import type { CertificateRequest } from '../wire/certificate.ts'
import type { ClientMessage, Node } from '../wire/stream.ts'
import type { WorkloadRegistration } from '../wire/workload.ts'
import {
  type Check,
  integer,
  isRecord,
  list,
  nonEmptyText,
  oneOf,
  optional,
  record,
  text,
  textMap,
  Violations,
} from './shape.ts'

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

/** A DNS label (RFC 1123): what a service, a namespace or a port may be called. */
export const dnsLabel: Check = (value, field, out) => {
  if (typeof value !== 'string' || !LABEL.test(value)) {
    out.add(field, 'must be a DNS label: up to 63 lower-case letters, digits and hyphens, no hyphen at either end')
  }
}

const port = integer(1, 65_535)

const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/

/** An IP address or a DNS name; a URL, a port or an empty string is what people get wrong here. */
export const address: Check = (value, field, out) => {
  const isIp = typeof value === 'string' && isIpAddress(value)
  const isName = !isIp && typeof value === 'string' && value.length <= 253 && NAME.test(value)
  if (isName && /^[\d.]+$/.test(value)) out.add(field, 'must be an IPv4 address of four numbers from 0 to 255')
  else if (isIp ? isUnspecified(value) : !isName) {
    out.add(field, 'must be an IP address or host name that callers can connect to, without scheme or port')
  }
}

const registration = record({
  service: dnsLabel,
  namespace: dnsLabel,
  workload: optional(nonEmptyText),
  address,
  ports: list(record({ name: dnsLabel, servicePort: port, port, listenPort: port, protocol: nonEmptyText }), {
    min: 1,
  }),
  labels: textMap,
  serviceAccount: nonEmptyText,
  locality: text,
  weight: integer(1, 2 ** 32 - 1),
  adminPort: optional(port),
  healthStatus: optional(oneOf('UNKNOWN', 'HEALTHY', 'UNHEALTHY')),
  tlsMode: optional(oneOf('istio')),
})

const node = record({
  id: nonEmptyText,
  service: text,
  namespace: dnsLabel,
  serviceAccount: nonEmptyText,
  labels: textMap,
  locality: record({ region: text, zone: text, subZone: text }),
  servicePorts: list(port),
  workload: optional(text),
  clientVersion: text,
  features: list(text),
})

const clientMessage = record({
  seq: integer(1, Number.MAX_SAFE_INTEGER),
  subscribe: optional(list(nonEmptyText)),
  unsubscribe: optional(list(nonEmptyText)),
  known: optional(textMap),
  ack: optional(textMap),
  nack: optional(
    list(record({ name: nonEmptyText, version: text, violations: list(record({ field: text, message: text })) })),
  ),
})

function checked<T>(check: Check, value: unknown): Result<T, readonly Violation[]> {
  const out = new Violations()
  if (isRecord(value)) check(value, '', out)
  else out.add('', 'must be a JSON object')
  return out.list.length === 0 ? ok(value as T) : fail(out.list)
}

/** Body of `PUT /v1/workloads/{id}`; all violations at once. */
export function validateRegistration(value: unknown): Result<WorkloadRegistration, readonly Violation[]> {
  return checked(registration, value)
}

/** Query parameter `node` of `GET /v1/stream`, parsed. */
export function validateNode(value: unknown): Result<Node, readonly Violation[]> {
  return checked(node, value)
}

/** Body of `POST /v1/streams/{id}`. */
export function validateClientMessage(value: unknown): Result<ClientMessage, readonly Violation[]> {
  return checked(clientMessage, value)
}

/** A CSR for a key of P-256 has some 500 characters; more than this is none. */
const MAX_CSR_LENGTH = 16_384

const certificateRequest = record({
  csr: (value, field, out) => {
    if (typeof value !== 'string' || value === '' || value.length > MAX_CSR_LENGTH) {
      out.add(field, `must be a certificate signing request in PEM of up to ${MAX_CSR_LENGTH} characters`)
    }
  },
  workloadId: nonEmptyText,
})

/** Body of `POST /v1/certificates`. */
export function validateCertificateRequest(value: unknown): Result<CertificateRequest, readonly Violation[]> {
  return checked(certificateRequest, value)
}
