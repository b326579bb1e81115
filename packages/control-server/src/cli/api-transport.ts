import type { ConnectionOptions } from 'node:tls'
import type { Credentials } from './credentials.ts'
import { serverTrust } from './server-trust.ts'

/** One request as it goes out. */
export interface Outgoing {
  readonly method: string
  /** JSON. */
  readonly body: string | undefined
  readonly timeoutMs: number
}

/** What came back. */
export interface Incoming {
  readonly status: number
  readonly text: string
  /** Header `Warning`. */
  readonly warning: string | null
}

/** Over http by the platform's fetch; over https with the credentials' roots, which that cannot be told. */
export async function send(url: URL, outgoing: Outgoing, credentials: Credentials): Promise<Incoming> {
  const headers: Record<string, string> = {
    ...(outgoing.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(credentials.token === undefined ? {} : { authorization: `Bearer ${credentials.token}` }),
  }
  if (url.protocol === 'http:') return sendPlain(url, outgoing, headers)
  const trust = await serverTrust(url, credentials, outgoing.timeoutMs)
  const { cert, key } = credentials
  return sendTls(url, outgoing, headers, { ...trust, ...(cert === undefined ? {} : { cert, key }) })
}

async function sendPlain(url: URL, outgoing: Outgoing, headers: Record<string, string>): Promise<Incoming> {
  const { method, body, timeoutMs } = outgoing
  const response = await fetch(url, {
    method,
    headers,
    signal: AbortSignal.timeout(timeoutMs),
    ...(body === undefined ? {} : { body }),
  })
  return { status: response.status, text: await response.text(), warning: response.headers.get('warning') }
}

async function sendTls(
  url: URL,
  { method, body, timeoutMs }: Outgoing,
  headers: Record<string, string>,
  tls: ConnectionOptions,
): Promise<Incoming> {
  const { request } = await import('node:https')
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method, headers, agent: false, signal: AbortSignal.timeout(timeoutMs), ...tls },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            text: Buffer.concat(chunks).toString('utf8'),
            warning: response.headers.warning ?? null,
          }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}
