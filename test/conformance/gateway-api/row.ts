/** A request of the mesh conformance suite of Gateway API with what has to come of it. */
export interface Row {
  readonly id: string
  readonly manifest: readonly string[]
  readonly base: string
  readonly clientMesh: string
  readonly from: { readonly app: string; readonly namespace: string }
  readonly to: {
    readonly service?: string
    readonly podOf?: string
    readonly namespace: string
    readonly port: number
  }
  readonly request: {
    readonly protocol: string
    readonly scheme: string
    readonly host: string
    readonly hostHeader?: string
    readonly method: string
    readonly path: string
    readonly rawQuery?: string
    readonly headers: Readonly<Record<string, string>>
  }
  readonly retrySimulation?: RetrySimulation
  readonly expect: Expectation
}

/** The first attempts of one request fail. */
export interface RetrySimulation {
  readonly failFirst: number
  /** Absent or null: the connection is reset. */
  readonly responseCode?: number | null
  readonly delayPerFailure?: string
}

export interface Expectation {
  readonly status?: readonly number[]
  readonly grpcStatus?: number
  /** The name that the answering workload's begins with. */
  readonly backend?: string
  readonly backendNamespace?: string
  readonly upstreamRequest?: {
    readonly path?: string
    readonly rawQuery?: string
    readonly host?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly absentHeaders?: readonly string[]
  }
  readonly responseHeaders?: {
    readonly equals?: Readonly<Record<string, string>>
    readonly oneOf?: Readonly<Record<string, readonly string[]>>
    readonly absent?: readonly string[]
  }
  readonly redirect?: {
    readonly scheme?: string
    readonly host?: string
    readonly port?: string
    readonly path?: string
  }
  readonly mirroredTo?: readonly string[]
  readonly distribution?: {
    readonly weights: Readonly<Record<string, number>>
    readonly requests: number
    readonly toleranceAbs: number
    readonly maxAttempts: number
  }
}
