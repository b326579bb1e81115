import { request } from 'node:http'
import type { Socket } from 'node:net'
import type { HealthCheck } from '@weft/mesh-protocol'
import type { HealthCheckOutcome } from '../../kernel/recorder.ts'

type HttpCheck = Extract<HealthCheck['check'], { readonly http: object }>['http'] & {
  /** Besides its own, which they go before; by lower-case name. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Envoy `HttpHealthCheck.expected_statuses`: 200 alone. */
const EXPECTED: NonNullable<HttpCheck['expectedStatuses']> = [{ start: 200, end: 201 }]

/** One HTTP/1.1 request; only its status is looked at. */
export function checkHttp(check: HttpCheck, authority: string, socket: Socket): Promise<HealthCheckOutcome> {
  const { path, method = 'GET', expectedStatuses = EXPECTED } = check
  const headers = { host: authority, 'user-agent': 'weft-health-check', connection: 'close', ...check.headers }
  return new Promise((resolve) => {
    const asked = request({ path, method, headers, createConnection: () => socket })
    asked.on('error', () => resolve('unreachable'))
    asked.on('response', (response) => {
      const { statusCode = 0 } = response
      response.on('error', () => undefined).resume()
      resolve(expectedStatuses.some(({ start, end }) => statusCode >= start && statusCode < end) ? 'passed' : 'failed')
    })
    asked.end()
  })
}
