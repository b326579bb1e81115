/** A workload that is registered, as far as policies tell workloads apart. */
export interface KnownWorkload {
  readonly namespace: string
  /** What selectors are held against. */
  readonly labels: Readonly<Record<string, string>>
  /** As policies name them. */
  readonly ports: readonly { readonly port: number; readonly protocol: string }[]
}
