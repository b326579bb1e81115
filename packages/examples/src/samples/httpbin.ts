// Answers as it is asked to, and logs each request: `/get` and `/headers` with what has arrived, `/status/503`, `/delay/2`.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { createMesh } from '@weft/mesh-client'
import { json, LISTEN, notFound, onTerminate } from '../bookinfo/http.ts'

const MAX_DELAY_SECONDS = 10

const mesh = createMesh({
  service: 'httpbin',
  servicePort: 8000,
  admin: { port: 0 },
  audit: ({ decision, policy, principal = 'nobody', method, path }) => {
    console.log(`audit: ${decision}${policy === undefined ? '' : ` by ${policy}`}: ${principal} ${method} ${path}`)
  },
})

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.on('finish', () => {
    console.log(`${request.method} ${request.url} ${response.statusCode} host=${request.headers.host}`)
  })
  const [, what, number = ''] = /^\/(get|headers|status|delay)(?:\/(\d{1,3}))?(?:\?.*)?$/.exec(request.url ?? '') ?? []
  const { method, url, headers } = request
  if (what === 'headers') return json(response, { headers })
  if (what === 'status') return json(response, {}, Math.min(Math.max(Number(number), 200), 599))
  if (what === undefined) return notFound(response, url)
  await sleep(Math.min(Number(number), MAX_DELAY_SECONDS) * 1000)
  json(response, { method, url, headers })
}

const server = await mesh.serve(answer, LISTEN)
console.log(`listening on ${server.url}`)
onTerminate(() => mesh.close())
