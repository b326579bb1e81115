/** RFC 3339 in UTC with whole seconds, as Kubernetes writes `creationTimestamp`. */
export function formatTimestamp(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, 19)}Z`
}

/** Milliseconds since 1970; `undefined` for what is no timestamp. */
export function parseTimestamp(text: string): number | undefined {
  const wallMs = Date.parse(text)
  return Number.isNaN(wallMs) ? undefined : wallMs
}
