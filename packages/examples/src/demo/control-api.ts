/** How far a change has come, as the control server tells it with `?wait`. */
export interface Enforced {
  readonly acked: number
  readonly nacked: number
  readonly pending: number
  readonly tookMs: number
}

/** A refusal, as Kubernetes writes it. */
export interface Refusal {
  readonly status: number
  readonly message: string
  readonly causes: readonly { readonly field: string; readonly message: string }[]
}

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}

/** The few calls of the control server's API that the story makes. */
export class ControlApi {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  async apply(resources: readonly object[]): Promise<Enforced> {
    return this.#change('POST', '/v1/apply?wait=10s', resources)
  }

  async setCanary(service: string, canary: object): Promise<Enforced> {
    return this.#change('PUT', `/v1/services/default/${service}/canary?wait=10s`, canary)
  }

  async promote(service: string): Promise<Enforced> {
    return this.#change('POST', `/v1/services/default/${service}/canary/promote?wait=10s`, {})
  }

  /** Sends what must be refused; a server that takes it is an error. */
  async expectRefusal(resources: readonly object[]): Promise<Refusal> {
    const { status, body } = await this.#send('POST', '/v1/apply', resources)
    if (status < 400) throw new Error('the control server took a broken policy')
    const details = body.details as { causes?: Refusal['causes'] } | undefined
    return { status, message: String(body.message), causes: details?.causes ?? [] }
  }

  async endpointCount(service: string): Promise<number> {
    const { status, body } = await this.#send('GET', `/v1/services/default/${service}`)
    return status === 200 ? (body.endpoints as unknown[]).length : 0
  }

  async #change(method: string, path: string, resource: object): Promise<Enforced> {
    const begin = performance.now()
    const { status, body } = await this.#send(method, path, resource)
    if (status >= 300) throw new Error(`${method} ${path} answered ${status}: ${JSON.stringify(body)}`)
    const { acked, nacked, pending } = body as unknown as Enforced
    return { acked, nacked, pending, tookMs: performance.now() - begin }
  }

  async #send(method: string, path: string, resource?: object): Promise<Answer> {
    const response = await fetch(this.#url + path, {
      method,
      ...(resource === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(resource) }),
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
}
