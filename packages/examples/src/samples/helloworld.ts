// Says which version it is and where it runs.
import { createMesh } from '@weft/mesh-client'
import { LISTEN, notFound, onTerminate } from '../bookinfo/http.ts'

const { WEFT_VERSION: version = 'v1', WEFT_LOCALITY: locality = 'nowhere' } = process.env
const mesh = createMesh({ service: 'helloworld', servicePort: 5000 })

const server = await mesh.serve((request, response) => {
  if (request.url !== '/hello') return notFound(response, request.url)
  response.end(`helloworld ${version} in ${locality}\n`)
}, LISTEN)
console.log(`listening on ${server.url}`)
onTerminate(() => mesh.close())
