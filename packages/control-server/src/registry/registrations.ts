import {
  fail,
  ok,
  type Result,
  type Violation,
  validateRegistration,
  type WorkloadLease,
  type WorkloadRegistration,
} from '@weft/mesh-protocol'
import { knownServiceKey, workloadKey } from '../store/keys.ts'
import type { Entry, Store } from '../store/store.ts'
import { knownServiceOf, mergePorts, seenAt } from './known-service.ts'

/** Workload ids are made by clients and are part of a key and of a URL. */
const WORKLOAD_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,252}$/

/** A conflict means that another workload of the service came in between; more of them in a row than this is no accident. */
const MAX_ROUNDS = 100

export interface RegistrationsOptions {
  readonly store: Store
  readonly ttlMs: number
  readonly wallNow: () => number
}

/** Looks at a registration before it is written, and throws where it may not be. */
export type RegistrationGuard = (
  wanted: WorkloadRegistration,
  before: WorkloadRegistration | undefined,
) => void | Promise<void>

/** Workloads that come, stay and go. */
export class Registrations {
  private readonly options: RegistrationsOptions

  constructor(options: RegistrationsOptions) {
    this.options = options
  }

  /** Registers or replaces; the same content again only renews the lease. */
  async register(
    id: string,
    body: unknown,
    guard: RegistrationGuard = () => undefined,
  ): Promise<Result<WorkloadLease, readonly Violation[]>> {
    const checked = validateRegistration(body)
    const violations = [...idViolations(id), ...(checked.ok ? [] : checked.error)]
    if (!checked.ok || violations.length > 0) return fail(violations)
    const registration = canonical(checked.value)
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (await this.write(id, registration, guard)) return ok({ ttlMs: this.options.ttlMs })
    }
    throw new Error(`The registration of ${id} met another of ${registration.service} ${MAX_ROUNDS} times in a row`)
  }

  /** As it has registered; `undefined`: it has not. */
  async get(id: string): Promise<WorkloadRegistration | undefined> {
    return registrationOf(await this.options.store.get(workloadKey(id)))
  }

  /** False: it is not registered (any more) and has to register again. */
  renew(id: string): Promise<boolean> {
    return this.options.store.keepAlive(id)
  }

  /** False: it was not registered. */
  async deregister(id: string): Promise<boolean> {
    const entry = await this.options.store.get(workloadKey(id))
    if (entry === undefined) return false
    await this.options.store.revokeLease(id)
    return true
  }

  private async write(id: string, registration: WorkloadRegistration, guard: RegistrationGuard): Promise<boolean> {
    const { store, ttlMs, wallNow } = this.options
    const key = workloadKey(id)
    const before = await store.get(key)
    await guard(registration, registrationOf(before))
    const knownKey = knownServiceKey(registration.namespace, registration.service)
    const knownEntry = await store.get(knownKey)
    const known = {
      ports: mergePorts(knownEntry === undefined ? [] : knownServiceOf(knownEntry).ports, registration.ports),
      seenAtMs: seenAt(wallNow()),
    }
    // Not awaited one by one, so that both are in one transaction.
    const [, result] = await Promise.all([
      store.grantLease(id, ttlMs),
      store.commit(
        [
          { key: knownKey, modRevision: knownEntry?.modRevision ?? 0 },
          { key, modRevision: before?.modRevision ?? 0 },
        ],
        [
          { type: 'put', key, value: JSON.stringify(registration), leaseId: id },
          { type: 'put', key: knownKey, value: JSON.stringify(known) },
        ],
      ),
    ])
    return result.ok
  }
}

/** Whether a workload can be called so. */
export function isWorkloadId(id: string): boolean {
  return WORKLOAD_ID.test(id)
}

function registrationOf(entry: Entry | undefined): WorkloadRegistration | undefined {
  return entry && (JSON.parse(entry.value) as WorkloadRegistration)
}

function idViolations(id: string): readonly Violation[] {
  if (isWorkloadId(id)) return []
  const message = 'must be up to 253 letters, digits and ".", "_", ":", "-", beginning with a letter or digit'
  return [{ field: 'id', message }]
}

/** Known fields in one order, so that the same registration is the same text. */
function canonical(given: WorkloadRegistration): WorkloadRegistration {
  return {
    service: given.service,
    namespace: given.namespace,
    ...(given.workload === undefined ? {} : { workload: given.workload }),
    address: given.address,
    ports: given.ports.map(({ name, servicePort, port, listenPort, protocol }) => ({
      name,
      servicePort,
      port,
      listenPort,
      protocol,
    })),
    labels: Object.fromEntries(Object.entries(given.labels).sort(([a], [b]) => (a < b ? -1 : 1))),
    serviceAccount: given.serviceAccount,
    locality: given.locality,
    weight: given.weight,
    ...(given.adminPort === undefined ? {} : { adminPort: given.adminPort }),
    ...(given.healthStatus === undefined ? {} : { healthStatus: given.healthStatus }),
    ...(given.tlsMode === undefined ? {} : { tlsMode: given.tlsMode }),
  }
}
