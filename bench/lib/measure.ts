import { quantile } from './statistics.ts'

/** What one run of a caller cost. */
export interface RunResult {
  readonly cpuMicrosPerRequest: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly failed: number
}

export interface RunOptions {
  readonly requests: number
  readonly concurrency: number
}

/** A closed loop: `concurrency` callers, each with one request at a time. `send` gives false for a failed request. */
export async function closedLoop(send: () => Promise<boolean>, options: RunOptions): Promise<RunResult> {
  const latencies = new Float64Array(options.requests)
  let started = 0
  let failed = 0
  const caller = async (): Promise<void> => {
    while (started < options.requests) {
      const index = started++
      const begin = performance.now()
      if (!(await send())) failed++
      latencies[index] = performance.now() - begin
    }
  }
  const cpuBefore = process.cpuUsage()
  const begin = performance.now()
  await Promise.all(Array.from({ length: options.concurrency }, caller))
  const wallMs = performance.now() - begin
  const cpu = process.cpuUsage(cpuBefore)
  latencies.sort()
  return {
    cpuMicrosPerRequest: (cpu.user + cpu.system) / options.requests,
    requestsPerSecond: (options.requests / wallMs) * 1000,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    failed,
  }
}
