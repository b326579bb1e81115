import path from 'node:path'
import { startProcess, type TestProcess } from './process.ts'
import { ROOT } from './source-files.ts'

export const WEFT: string = path.join(ROOT, 'packages/control-server/bin/weft.js')

/** A control server in a process of its own. */
export interface ServerProcess extends TestProcess {
  readonly url: string
}

export async function startServerProcess(dataDir: string, listen = '127.0.0.1:0'): Promise<ServerProcess> {
  const started = startProcess(WEFT, { args: ['server', '--listen', listen, '--data-dir', dataDir] })
  const [, url = ''] = await started.until(/^weft listening on (http:\S+)$/)
  return { ...started, url }
}

export interface ApiAnswer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into by tests, which fail where they are not as expected
  readonly body: any
}

/** One request to the API; an object is sent as JSON, a text as it is. */
export async function call(
  url: string,
  method: string,
  body?: unknown,
  contentType = 'application/json',
): Promise<ApiAnswer> {
  const response = await fetch(url, {
    method,
    ...(body === undefined
      ? {}
      : { body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'content-type': contentType } }),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
}
