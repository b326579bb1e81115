/** RFC 3339 in UTC with whole seconds, as Kubernetes writes `creationTimestamp`. */
export function formatTimestamp(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, 19)}Z`
}
