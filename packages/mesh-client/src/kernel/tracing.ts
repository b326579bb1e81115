/** A header list that a propagator writes to. */
export type SetHeader = (name: string, value: string) => void

/** Facts of an outgoing call that are known when it starts. */
export interface ClientCallFacts {
  readonly method: string
  readonly scheme: string
  /** Host and port as the caller named them. */
  readonly host: string
  readonly port: number
  /** With query. */
  readonly path: string
  /** A call of gRPC: the path is `/package.Service/Method`. */
  readonly isGrpc?: boolean | undefined
}

/** Facts of an incoming request. */
export interface ServerCallFacts extends ClientCallFacts {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly peerAddress: string | undefined
  /**
   * Of a gRPC call: whether the server has the method. Absent: nobody can tell, and its name is believed only where
   * the answer is one that only a method gives. Names that a stranger makes up must not become series of metrics.
   */
  readonly isKnownMethod?: boolean | undefined
  /** Of a gRPC call: something else makes its SERVER span when the application gets it. Absent: nothing does. */
  readonly hasOtherSpan?: boolean | undefined
}

/** The methods of a server of gRPC, by path. */
export interface RpcMethods {
  /** As {@link ServerCallFacts.isKnownMethod}. */
  isKnown(path: string): boolean | undefined
  /** As {@link ServerCallFacts.hasOtherSpan}. */
  isTraced(path: string): boolean
}

/** What is told of a gRPC call by method. */
export type RpcFacts = Pick<ServerCallFacts, 'host' | 'port' | 'path' | 'isKnownMethod'>

/** How a call ended. */
export interface CallEnd {
  /** 0 when there was no response. */
  readonly status: number
  /** Envoy's flags, or `-`. */
  readonly flags: string
  readonly error?: unknown
  /** Numeric gRPC status; absent for HTTP. */
  readonly grpcStatus?: string | undefined
  /** What access policies said of a request, where that is told. */
  readonly access?: { readonly decision: string; readonly policy: string | undefined } | undefined
}

/** The span of one outgoing call. */
export interface ClientSpan {
  /**
   * Writes the span's context as headers; does nothing where an instrumentation of undici will do it.
   * @param byUndici whether the request goes by undici, so that its instrumentation sees it
   */
  inject(set: SetHeader, byUndici: boolean): void
  /** Runs with the span active, so that an instrumentation below becomes its child. */
  run<T>(action: () => T): T
  /** One attempt went out. `resend` counts from 0. */
  attempt(endpoint: { readonly address: string; readonly port: number }, resend: number): void
  end(end: CallEnd): void
}

/** The span of one incoming request. */
export interface ServerSpan {
  /** Runs the application with the span, or at least the caller's context, active. */
  run<T>(action: () => T): T
  end(end: CallEnd): void
}

/** Traces through whatever provider the application has registered; each start gives `undefined` when there is none. */
export interface Tracing {
  startClient(facts: ClientCallFacts): ClientSpan | undefined
  startServer(facts: ServerCallFacts): ServerSpan | undefined
  /** Writes the context that is active now as headers, for a call that the mesh has no span of; nothing where there is none. */
  inject(set: SetHeader): void
}

export const noTracing: Tracing = {
  startClient: () => undefined,
  startServer: () => undefined,
  inject: () => undefined,
}
