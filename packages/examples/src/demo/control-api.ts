import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pinnedRoot } from './pinned-root.ts'
import { secureRequest } from './secure-request.ts'

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

/** A certificate that the mesh has given. */
export interface GivenIdentity {
  readonly workloadId: string
  readonly spiffeId: string
}

/** As Prometheus reads it. */
interface TargetGroup {
  readonly targets: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

/** The few calls of the control server's API that the story makes, as the admin whose token the server has written. */
export class ControlApi {
  readonly #url: string
  readonly #token: string
  /** Root of the mesh, PEM. */
  readonly ca: string

  private constructor(url: string, token: string, ca: string) {
    this.#url = url
    this.#token = token
    this.ca = ca
  }

  /** With the first admin's token, which a secure server leaves in its data directory; its last part pins the root. */
  static async open(url: string, dataDir: string): Promise<ControlApi> {
    const token = (await readFile(join(dataDir, 'admin-token'), 'utf8')).trim()
    return new ControlApi(url, token, await pinnedRoot(url, token.slice(token.lastIndexOf('.') + 1)))
  }

  /** A token that lets processes join as this service account, and register for this service alone. */
  async joinToken(serviceAccount: string, service: string, namespace = 'default'): Promise<string> {
    const { status, body } = await this.#send('POST', '/v1/tokens', {
      namespace,
      serviceAccount,
      services: [service],
    })
    if (status !== 201) throw new Error(`no token for ${serviceAccount}: ${status} ${JSON.stringify(body)}`)
    return String(body.token)
  }

  async identities(): Promise<readonly GivenIdentity[]> {
    const { body } = await this.#send('GET', '/v1/certificates')
    return body.certificates as readonly GivenIdentity[]
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

  /** How many instances serve, and where. */
  async endpoints(service: string, namespace = 'default'): Promise<readonly { readonly port: number }[]> {
    const { status, body } = await this.#send('GET', `/v1/services/${namespace}/${service}`)
    return status === 200 ? (body.endpoints as { readonly port: number }[]) : []
  }

  /** Where the metrics of a service's first instance are read: `address:port`. */
  async metricsTarget(service: string): Promise<string> {
    const { body } = await this.#send('GET', '/v1/prometheus/targets')
    const groups = body as unknown as readonly TargetGroup[]
    const group = groups.find(({ labels }) => labels.service === service)
    const target = group?.targets[0]
    if (target === undefined) throw new Error(`nobody tells of the metrics of ${service}`)
    return target
  }

  async #change(method: string, path: string, resource: object): Promise<Enforced> {
    const begin = performance.now()
    const { status, body } = await this.#send(method, path, resource)
    if (status >= 300) throw new Error(`${method} ${path} answered ${status}: ${JSON.stringify(body)}`)
    const { acked, nacked, pending } = body as unknown as Enforced
    return { acked, nacked, pending, tookMs: performance.now() - begin }
  }

  async #send(method: string, path: string, resource?: object): Promise<Answer> {
    const { status, text } = await secureRequest({
      url: this.#url + path,
      method,
      ca: this.ca,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      ...(resource === undefined ? {} : { body: JSON.stringify(resource) }),
    })
    return { status, body: JSON.parse(text) as Record<string, unknown> }
  }
}
