// The words that people are greeted with. One that is BUSY answers UNAVAILABLE to every second call.
import { Metadata, Server, status } from '@grpc/grpc-js'
import { createMesh } from '@weft/mesh-client'
import { meshGrpc } from '@weft/mesh-client/grpc'
import { LISTEN, onTerminate } from '../bookinfo/http.ts'
import { type DictionaryServer, DictionaryService } from './gen/dictionary.ts'
import { hop, leftUntil } from './hop.ts'

const WORDS: Readonly<Record<string, string>> = { de: 'Hallo', en: 'Hello', fr: 'Bonjour', it: 'Ciao' }

const mesh = createMesh({ service: 'dictionary' })
const grpc = meshGrpc(mesh)
const busy = process.env.BUSY === 'yes'
let calls = 0

const dictionary: DictionaryServer = {
  lookUp(call, callback) {
    calls++
    if (busy && calls % 2 === 0) {
      return callback({ code: status.UNAVAILABLE, details: 'the dictionary is busy', metadata: new Metadata() })
    }
    const word = WORDS[call.request.language]
    if (word === undefined) {
      return callback({ code: status.NOT_FOUND, details: `no word of ${call.request.language}` })
    }
    const [attempt = '1'] = call.metadata.get('x-envoy-attempt-count')
    callback(null, { word, hops: [hop(`dictionary, attempt ${attempt}`, leftUntil(call.getDeadline()))] })
  },
}

const server = new Server(grpc.serverOptions())
server.addService(DictionaryService, dictionary)
const { port } = await grpc.serve(server, { ...LISTEN, servicePort: 50051 })
console.log(`listening on http://${LISTEN.host}:${port}`)
onTerminate(() => mesh.close())
