import { Agent, request } from 'node:https'

export interface SecureAnswer {
  readonly status: number
  readonly text: string
}

/** Who is asked, and who asks. */
export interface SecureRequest {
  readonly url: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** PEM; the server's certificate has to come from it. */
  readonly ca: string
  /** PEM, where the server wants to know who asks. */
  readonly client?: { readonly cert: string; readonly key: string }
  /** Certificates of workloads name who they are and not where: then only their root is looked at. */
  readonly anyName?: boolean
}

const LIMIT_MS = 40_000

/** A request over TLS as a program without the mesh makes it, on a connection of its own. */
export function secureRequest({
  url,
  method = 'GET',
  headers = {},
  body,
  ca,
  client,
  anyName = false,
}: SecureRequest): Promise<SecureAnswer> {
  const agent = new Agent({
    keepAlive: false,
    ca,
    ...client,
    ...(anyName ? { checkServerIdentity: () => undefined } : {}),
  })
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent, timeout: LIMIT_MS }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      response.on('error', reject)
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${LIMIT_MS} ms`)))
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
