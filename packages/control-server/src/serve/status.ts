/** One thing that is wrong with a request, as Kubernetes names it. */
export interface StatusCause {
  readonly field: string
  readonly message: string
  readonly reason: string
}

/** Kubernetes `metav1.Status`: what every failure of the API is answered with. */
export interface Status {
  readonly kind: 'Status'
  readonly apiVersion: 'v1'
  readonly metadata: Readonly<Record<string, never>>
  readonly status: 'Success' | 'Failure'
  readonly message: string
  readonly reason?: string
  readonly details?: StatusDetails
  readonly code: number
}

export interface StatusDetails {
  readonly name?: string
  readonly group?: string
  readonly kind?: string
  readonly uid?: string
  readonly causes?: readonly StatusCause[]
}

/** Kubernetes `metav1.StatusReason` by the HTTP code it goes with. */
const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  408: 'Timeout',
  409: 'Conflict',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
}

/** A refusal on its way to the client; thrown by a route, answered by the application's error handler. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: number
  readonly reason: string
  readonly details: StatusDetails | undefined

  /** @param options.reason where it is not the usual one of the code, e.g. `AlreadyExists` */
  constructor(code: number, message: string, options: { reason?: string; details?: StatusDetails } = {}) {
    super(message)
    this.code = code
    this.reason = options.reason ?? REASONS[code] ?? 'Unknown'
    this.details = options.details
  }

  toStatus(): Status {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    }
  }
}

/** A refusal that lists everything that is wrong, and says it in its message as well. */
export function refusal(
  code: number,
  what: string,
  violations: readonly { readonly field: string; readonly message: string }[],
  details: StatusDetails = {},
): ApiError {
  const causes = violations.map(({ field, message }) => ({ field, message, reason: 'FieldValueInvalid' }))
  const said = violations.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`))
  return new ApiError(code, `${what}: ${said.join('; ')}`, { details: { ...details, causes } })
}
