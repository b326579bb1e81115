/** RFC 3339 in UTC with whole seconds, as Kubernetes writes `creationTimestamp`. */
export function formatTimestamp(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, 19)}Z`
}

/** For libraries that take moments as objects. */
export function dateOf(wallMs: number): Date {
  return new Date(wallMs)
}
