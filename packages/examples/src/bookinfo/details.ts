// What is printed in the book's front matter.
import { createMesh } from '@weft/mesh-client'
import { startTelemetry } from '../telemetry.ts'
import { idIn, json, LISTEN, notFound, onTerminate, SERVICE_PORT } from './http.ts'

const telemetry = await startTelemetry('details')
const mesh = createMesh({ service: 'details', servicePort: SERVICE_PORT })

const BOOK = {
  author: 'William Shakespeare',
  year: 1595,
  type: 'paperback',
  pages: 200,
  publisher: 'PublisherA',
  language: 'English',
  'ISBN-10': '1234567890',
  'ISBN-13': '123-1234567890',
}

const server = await mesh.serve((request, response) => {
  if (request.url === '/health') return json(response, { status: 'details is healthy' })
  const id = idIn(request.url, 'details')
  if (id === undefined) return notFound(response, request.url)
  json(response, { id, ...BOOK })
}, LISTEN)
console.log(`listening on ${server.url}`)
onTerminate(() => mesh.close(), telemetry.stop)
