// Decides for others: allows what has the header `x-ext-authz: allow`, and logs each decision.
import { createMesh } from '@weft/mesh-client'
import { LISTEN, onTerminate } from '../bookinfo/http.ts'

const mesh = createMesh({ service: 'ext-authz', servicePort: 8000 })

const server = await mesh.serve((request, response) => {
  const allowed = request.headers['x-ext-authz'] === 'allow'
  console.log(`${request.method} ${request.url} ${allowed ? 'allowed' : 'denied'}`)
  response.writeHead(allowed ? 200 : 403, { 'x-ext-authz-check-result': allowed ? 'allowed' : 'denied' })
  response.end(allowed ? '' : 'denied by ext-authz: no header x-ext-authz: allow\n')
}, LISTEN)
console.log(`listening on ${server.url}`)
onTerminate(() => mesh.close())
