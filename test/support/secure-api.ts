import { request } from 'node:https'
import type { TLSSocket } from 'node:tls'
import type { ControlServer } from '@weft/control-server'

/** How a client of a secure control server connects and who it says it is. */
export interface SecureCall {
  readonly method?: string
  readonly body?: unknown
  /** Bearer token. */
  readonly token?: string
  /** PEM: what the server is checked against. Without: not at all. */
  readonly ca?: string
  /** PEM, with its key. */
  readonly cert?: string
  readonly key?: string
}

export interface SecureAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into by tests, which fail where they are not as expected
  readonly body: any
  readonly protocol: string | null
}

/** What a control server answers its administrator; throws where it refuses. */
export async function asAdmin(
  { url, adminToken = '' }: Pick<ControlServer, 'url' | 'adminToken'>,
  path: string,
  method = 'GET',
  body?: object,
): Promise<SecureAnswer['body']> {
  const answer = await secureCall(url + path, { method, token: adminToken, ...(body === undefined ? {} : { body }) })
  if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  return answer.body
}

/** One request over a TLS connection of its own. The server is known by its chain, not by its name. */
export function secureCall(
  url: string,
  { method = 'GET', body, token, ca, ...own }: SecureCall = {},
): Promise<SecureAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method,
        agent: false,
        ...own,
        ...(ca === undefined ? { rejectUnauthorized: false } : { ca, checkServerIdentity: () => undefined }),
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          const isJson = response.headers['content-type']?.includes('json') === true
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: isJson ? JSON.parse(text) : text,
            protocol: (response.socket as TLSSocket).getProtocol(),
          })
        })
        response.on('error', reject)
      },
    )
    sent.on('error', reject)
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
