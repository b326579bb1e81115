import {
  CONTROL_SERVER_SERVICE_ACCOUNT,
  fail,
  isControlServer,
  ok,
  type Result,
  ROOT_NAMESPACE,
  type Violation,
} from '@weft/mesh-protocol'
import { isDnsLabel, isDnsSubdomain } from '../config/names.ts'
import { isObject } from '../kernel/json-value.ts'
import type { Grant, Role } from './caller.ts'
import { checkFields, type FieldCheck, type FieldChecks, listOf, oneOfTexts, textThat, wholeBetween } from './fields.ts'
import { parseIpRange } from './ip-range.ts'

/** What a token to join the mesh is made from. */
export interface JoinTokenSpec {
  readonly namespace: string
  readonly serviceAccount: string
  /** Services of the namespace that its holders may register for. Absent: all. */
  readonly services?: readonly string[]
  /** CIDR ranges that its holders may register addresses of, besides the one they call from. Absent: none. */
  readonly addresses?: readonly string[]
  /** From 1 s to 10 years. Default {@link DEFAULT_JOIN_TOKEN_TTL_MS}. */
  readonly ttlMs?: number
  /** How many workload ids may join by it. Absent: any number. */
  readonly uses?: number
}

/** What a token for the API is made from. */
export interface ApiTokenSpec extends Grant {
  /** From 1 s to 10 years. Default {@link DEFAULT_API_TOKEN_TTL_MS}. */
  readonly ttlMs?: number
}

export type TokenSpec = JoinTokenSpec | ApiTokenSpec

/** 1 h: long enough to start what it was made for; who has joined goes on with it. */
export const DEFAULT_JOIN_TOKEN_TTL_MS: number = 3_600_000

/** 90 days. */
export const DEFAULT_API_TOKEN_TTL_MS: number = 90 * 24 * 3_600_000

const MAX_TTL_MS = 10 * 365 * 24 * 3_600_000
const MAX_USES = 1_000_000
const MAX_ITEMS = 100

const ROLES: readonly Role[] = ['viewer', 'operator', 'admin']

const dnsLabel = textThat(isDnsLabel, 'must be a DNS label')
const dnsName = textThat(isDnsSubdomain, 'must be a name of lower-case letters, digits, "-" and "."')
const ipRange = textThat((text) => parseIpRange(text) !== undefined, 'must be a CIDR range or an IP address')
const ttl = wholeBetween(1_000, MAX_TTL_MS)

/** What is written in the root namespace holds for the whole mesh, so that no list of namespaces can contain it. */
const writable: FieldCheck = (value) =>
  value === ROOT_NAMESPACE
    ? `must not be ${ROOT_NAMESPACE}: what stands there holds in every namespace, which takes an operator without namespaces`
    : dnsLabel(value)

const JOIN: FieldChecks = {
  namespace: dnsLabel,
  serviceAccount: dnsName,
  services: listOf(dnsLabel, MAX_ITEMS),
  addresses: listOf(ipRange, MAX_ITEMS),
  ttlMs: ttl,
  uses: wholeBetween(1, MAX_USES),
}

/** What says what a role may; of tokens and of bindings. */
export const ROLE_FIELDS: FieldChecks = { role: oneOfTexts(...ROLES), namespaces: listOf(writable, MAX_ITEMS) }

const API: FieldChecks = { ...ROLE_FIELDS, ttlMs: ttl }

/** With a role it is a token for the API, else one to join. */
export function parseTokenSpec(value: unknown): Result<TokenSpec, readonly Violation[]> {
  if (isObject(value) && Object.hasOwn(value, 'role')) {
    const api = checkFields<ApiTokenSpec>(value, API, ['role'])
    return api.ok ? withUsefulNamespaces(api.value) : api
  }
  const join = checkFields<JoinTokenSpec>(value, JOIN, ['namespace', 'serviceAccount'])
  if (!join.ok || !isControlServer(join.value)) return join
  return fail([
    { field: 'serviceAccount', message: `must not be ${CONTROL_SERVER_SERVICE_ACCOUNT}, the control server` },
  ])
}

/** Only an operator is limited by namespaces: viewers do not write, and an admin could give itself any token. */
export function withUsefulNamespaces<T extends Grant>(spec: T): Result<T, readonly Violation[]> {
  if (spec.namespaces === undefined || spec.role === 'operator') return ok(spec)
  return fail([{ field: 'namespaces', message: `limits operators only, not the role ${spec.role}: leave it out` }])
}
