/** What a process holds, in bytes. */
export interface Memory {
  readonly resident: number
  /** What is reachable on the heap, and outside of it through the heap. */
  readonly live: number
}

/** After a collection of garbage, where the process was started with `--expose-gc`. */
export function readMemory(): Memory {
  // Finalizers of the first give back what the second then finds.
  for (let round = 0; round < 2; round++) globalThis.gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  return { resident: rss, live: heapUsed + external }
}
