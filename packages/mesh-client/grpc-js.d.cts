declare const loaded: {
  /** The copy of grpc-js that is found from here; `undefined`: there is none. */
  readonly grpc: typeof import('@grpc/grpc-js') | undefined
  /** Why there is none. */
  readonly error: unknown
  /** As its package.json says. */
  readonly version: string | undefined
}
export = loaded
