/** Throws where nobody catches: what a listener of the application throws is its own, and must not end what told it. */
export function throwToProcess(error: unknown): void {
  process.nextTick(() => {
    throw error
  })
}
