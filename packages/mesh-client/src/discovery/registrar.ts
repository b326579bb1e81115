import { RECONNECT_MAX_MS, type WorkloadRegistration } from '@weft/mesh-protocol'
import { fullJitterDelay } from '../kernel/backoff.ts'
import type { Logger } from '../kernel/logger.ts'
import type { Random } from '../kernel/random.ts'
import type { TimerHandle, Timers } from '../kernel/timers.ts'
import type { ControlTransport } from './control-transport.ts'
import { afterAnswer, type Lease, type LeaseAnswer, type LeaseRequest, NEW_LEASE, readAnswer } from './lease.ts'

export interface RegistrarDeps {
  readonly urls: readonly string[]
  readonly transport: Pick<ControlTransport, 'send'>
  readonly timers: Timers
  readonly random: Random
  readonly logger: Logger
  /** Something of {@link Registrar.lease} is other than before. */
  readonly onChange: () => void
}

/** Keeps one workload known to the control server until it is taken away. */
export interface Registrar {
  readonly lease: Lease
  readonly registration: WorkloadRegistration
  /** Tells the server something else about the same workload. */
  replace(registration: WorkloadRegistration): void
  /** The control server is (again) there: what waits for it is tried at once. `forgotten`: it has other data than before. */
  controlIsBack(forgotten: boolean): void
  /** Takes the workload away; resolves when that is confirmed or has been given up on. Idempotent; never rejects. */
  deregister(): Promise<void>
}

/** Also bounds how long a deregistration takes with a server that does not answer. */
const REQUEST_TIMEOUT_MS = 2_000

const REQUESTS = {
  register: { method: 'PUT', suffix: '' },
  renew: { method: 'POST', suffix: '/renew' },
  remove: { method: 'DELETE', suffix: '' },
} as const

const BACK_OFF = { baseIntervalMs: 100, maxIntervalMs: RECONNECT_MAX_MS }

export function createRegistrar(id: string, first: WorkloadRegistration, deps: RegistrarDeps): Registrar {
  const { timers, logger } = deps
  let registration = first
  let lease: Lease = NEW_LEASE
  /** What the server holds, as far as is known. */
  let told: WorkloadRegistration | undefined
  let urlIndex = 0
  let timer: TimerHandle | undefined
  let gone: Promise<void> | undefined
  /** One request at a time, so that they reach the server in order. */
  let running: Promise<void> | undefined
  let runAgain = false

  const send = async (request: LeaseRequest): Promise<LeaseAnswer> => {
    const { method, suffix } = REQUESTS[request]
    const base = deps.urls[urlIndex] as string
    const url = `${base}/v1/workloads/${encodeURIComponent(id)}${suffix}`
    const body = request === 'register' ? { body: registration } : {}
    try {
      const { status, text } = await deps.transport.send({ method, url, ...body, timeoutMs: REQUEST_TIMEOUT_MS })
      return readAnswer(request, status, text)
    } catch (error) {
      return { kind: 'unreachable', error: `${base}: ${(error as Error).message}` }
    }
  }
  const step = async (): Promise<void> => {
    const before = lease
    const sent = registration
    const renews = lease.kind === 'registered' && told === registration
    const answer = await send(renews ? 'renew' : 'register')
    if (answer.kind === 'granted') told = sent
    if (answer.kind === 'unreachable') urlIndex = (urlIndex + 1) % deps.urls.length
    const after = afterAnswer(before, answer)
    lease = after.lease
    log(before, lease)
    deps.onChange()
    const { wait } = after
    const delayMs = 'delayMs' in wait ? wait.delayMs : fullJitterDelay(BACK_OFF, wait.backOff, deps.random)
    schedule(sent === registration ? delayMs : 0)
  }
  const schedule = (delayMs: number): void => {
    timers.clear(timer)
    if (gone === undefined) timer = timers.set(run, delayMs)
  }
  const run = (): void => {
    if (gone !== undefined) return
    runAgain = running !== undefined
    running ??= step().finally(() => {
      running = undefined
      if (runAgain) schedule(0)
    })
  }
  const log = (before: Lease, after: Lease): void => {
    const where = { workload: id, address: registration.address }
    if (after.kind === 'refused' && (before.kind !== 'refused' || before.error !== after.error)) {
      logger.error(`This process is not registered: ${after.error}`, { ...where, violations: after.violations })
    }
    if (after.kind === 'registered' && before.kind !== 'registered') {
      logger.info(`Registered as ${registration.service}.${registration.namespace}`, where)
    }
  }
  const remove = async (): Promise<void> => {
    timers.clear(timer)
    await running
    for (let attempt = 0; attempt < deps.urls.length; attempt++) {
      const answer = await send('remove')
      if (answer.kind !== 'unreachable') return
      urlIndex = (urlIndex + 1) % deps.urls.length
      logger.debug('The workload could not be deregistered', { workload: id, reason: answer.error })
    }
  }

  run()
  return {
    get lease() {
      return lease
    },
    get registration() {
      return registration
    },
    replace(next) {
      registration = next
      run()
    },
    controlIsBack(forgotten) {
      if (forgotten) told = undefined
      if (forgotten || lease.kind !== 'registered' || lease.failures > 0) run()
    },
    deregister() {
      gone ??= remove()
      return gone
    },
  }
}
