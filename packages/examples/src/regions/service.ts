// One service of a chain: says who it is, then what the next one says. The argument is the name of the next.
import { createMesh } from '@weft/mesh-client'
import { LISTEN, onTerminate } from '../bookinfo/http.ts'

const [next] = process.argv.slice(2)
const { WEFT_SERVICE: service, WEFT_VERSION: version, WEFT_LOCALITY: locality } = process.env

const mesh = createMesh({
  // For the policies: what the first caller says of itself goes on along the chain.
  propagate: ['x-environment'],
  ...(next === undefined ? {} : { dependencies: [next] }),
})

async function answerOf(name: string): Promise<string> {
  const response = await mesh.fetch(`http://${name}/`)
  return response.ok ? response.text() : `${name} answers ${response.status}`
}

const server = await mesh.serve(async (_request, response) => {
  const who = `${service} ${version} ${locality}`
  response.end(next === undefined ? who : `${who} > ${await answerOf(next)}`)
}, LISTEN)
console.log(`listening on ${server.url}`)
onTerminate(() => mesh.close())
