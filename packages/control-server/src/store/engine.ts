import type { Clock } from '../kernel/clock.ts'
import type { TimerHandle, Timers } from '../kernel/timers.ts'
import type { Turn } from '../kernel/turn.ts'
import type { Backend } from './backend.ts'
import { ChangeLog } from './change-log.ts'
import { evaluateCommit } from './evaluate-commit.ts'
import { LeaseDeadlines } from './lease-deadlines.ts'
import type { ChangeBatch, CommitResult, Compare, Entry, Operation, Store } from './store.ts'
import { StoreError } from './store-error.ts'

/** After a start nothing expires for this many TTLs: the server was away and could hear no renewal. */
const START_GRACE_FACTOR = 2

export interface EngineOptions {
  readonly clock: Clock
  readonly timers: Timers
  readonly turn: Turn
  /** Told of a watcher that threw; the others are served all the same. Default: it becomes an uncaught error. */
  readonly onListenerError?: (error: unknown) => void
}

/** One queued write: `run` inside the transaction, then exactly one of the others. */
interface Job {
  run(): void
  committed(): void
  failed(error: unknown): void
}

/**
 * The rules of {@link Store} over any {@link Backend}. Writes that arrive in one turn of the event loop share one transaction
 * and so one wait for the disk; each keeps its own revision and its own verdict.
 */
export class StoreEngine implements Store {
  readonly epoch: string
  private readonly backend: Backend
  private readonly options: EngineOptions
  private readonly log: ChangeLog
  private readonly leases = new LeaseDeadlines()
  private current: number
  private jobs: Job[] = []
  private fresh: ChangeBatch[] = []
  private sweepTimer: TimerHandle | undefined
  private closed = false

  constructor(backend: Backend, options: EngineOptions) {
    const { epoch, revision, leases } = backend.state
    this.backend = backend
    this.options = options
    this.epoch = epoch
    this.current = revision
    this.log = new ChangeLog(revision, options.onListenerError ?? throwLater)
    const now = options.clock.now()
    for (const { id, ttlMs } of leases) this.leases.set(id, ttlMs, now, START_GRACE_FACTOR)
    this.scheduleSweep()
  }

  async revision(): Promise<number> {
    return this.current
  }

  async get(key: string): Promise<Entry | undefined> {
    this.assertOpen()
    return this.backend.read(key)
  }

  async list(prefix: string): Promise<{ revision: number; entries: readonly Entry[] }> {
    this.assertOpen()
    return { revision: this.current, entries: this.backend.list(prefix) }
  }

  commit(compares: readonly Compare[], operations: readonly Operation[]): Promise<CommitResult> {
    return this.enqueue(() => this.apply(compares, operations))
  }

  watch(revision: number, listener: (batch: ChangeBatch) => void): () => void {
    return this.log.watch(revision, listener)
  }

  async grantLease(id: string, ttlMs: number): Promise<void> {
    await this.enqueue(
      () => {
        if (this.backend.leaseTtl(id) !== ttlMs) this.backend.putLease(id, ttlMs)
      },
      () => {
        const now = this.options.clock.now()
        this.leases.set(id, ttlMs, now)
        this.setSweepTimer(this.leases.scheduleSweepOf(id, now))
      },
    )
  }

  async keepAlive(id: string): Promise<boolean> {
    this.assertOpen()
    return this.leases.renew(id, this.options.clock.now())
  }

  async revokeLease(id: string): Promise<void> {
    await this.enqueue(
      () => this.endLease(id),
      () => this.leases.delete(id),
    )
  }

  async close(): Promise<void> {
    if (this.closed) return
    this.flush()
    this.closed = true
    this.options.timers.clear(this.sweepTimer)
    this.log.clear()
    this.backend.close()
  }

  private enqueue<T>(run: () => T, done?: () => void): Promise<T> {
    if (this.closed) return Promise.reject(closedError())
    return new Promise<T>((resolve, reject) => {
      let outcome: { value: T } | { error: unknown }
      const job: Job = {
        run: () => {
          try {
            outcome = { value: run() }
          } catch (error) {
            if (!(error instanceof StoreError)) throw error
            outcome = { error }
          }
        },
        committed: () => {
          if ('error' in outcome) return reject(outcome.error)
          done?.()
          resolve(outcome.value)
        },
        failed: reject,
      }
      if (this.jobs.push(job) === 1) this.options.turn(() => this.flush())
    })
  }

  /** Runs everything that waits in one transaction, tells the watchers, then answers. */
  private flush(): void {
    const jobs = this.jobs
    if (jobs.length === 0) return
    this.jobs = []
    const before = this.current
    try {
      this.backend.begin()
      for (const job of jobs) job.run()
      this.backend.commit()
    } catch (error) {
      this.undo(before)
      const reason = this.backend.explain(error)
      for (const job of jobs) job.failed(reason)
      return
    }
    const batches = this.fresh
    this.fresh = []
    for (const batch of batches) this.log.append(batch)
    for (const job of jobs) job.committed()
  }

  private undo(revision: number): void {
    this.current = revision
    this.fresh = []
    try {
      this.backend.rollback()
    } catch {
      // What failed may have ended the transaction already; the cause is what the caller is told.
    }
  }

  private apply(compares: readonly Compare[], operations: readonly Operation[]): CommitResult {
    for (const operation of operations) {
      if (operation.type === 'put' && operation.leaseId !== undefined) this.assertLease(operation.leaseId)
    }
    const revision = this.current + 1
    const evaluation = evaluateCommit((key) => this.backend.read(key), revision, compares, operations)
    if (!evaluation.ok) return evaluation
    if (evaluation.changes.length === 0) return { ok: true, revision: this.current }
    this.backend.write(evaluation.changes, revision)
    this.current = revision
    this.fresh.push({ revision, changes: evaluation.changes })
    return { ok: true, revision }
  }

  private endLease(id: string): void {
    const operations = this.backend.keysOfLease(id).map((key): Operation => ({ type: 'delete', key }))
    this.apply([], operations)
    this.backend.deleteLease(id)
  }

  /** Renewed since it was found due, then it lives on. */
  private expire(id: string): void {
    const ended = this.enqueue(() => {
      const due = this.leases.isDue(id, this.options.clock.now())
      if (due) this.endLease(id)
      return due
    })
    ended
      .then((due) => {
        if (due) this.leases.delete(id)
      })
      .catch(() => this.scheduleSweep())
  }

  private scheduleSweep(): void {
    this.setSweepTimer(this.leases.scheduleSweep(this.options.clock.now()))
  }

  private setSweepTimer(delayMs: number | undefined): void {
    if (delayMs === undefined || this.closed) return
    const { timers } = this.options
    timers.clear(this.sweepTimer)
    this.sweepTimer = timers.set(() => this.sweep(), delayMs)
  }

  private sweep(): void {
    for (const id of this.leases.expired(this.options.clock.now())) this.expire(id)
    this.scheduleSweep()
  }

  private assertOpen(): void {
    if (this.closed) throw closedError()
  }

  private assertLease(id: string): void {
    if (this.backend.leaseTtl(id) === undefined) {
      throw new StoreError(
        'WEFT_STORE_LEASE_UNKNOWN',
        `There is no lease ${id} (any more): grant it, then write again.`,
      )
    }
  }
}

function closedError(): StoreError {
  return new StoreError('WEFT_STORE_CLOSED', 'The store is closed: the control server is stopping.')
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
