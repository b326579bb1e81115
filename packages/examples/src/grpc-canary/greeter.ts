// Greets, in a language that the dictionary has a word of. v2 is livelier.
import { Server, type ServerUnaryCall, type ServerWritableStream } from '@grpc/grpc-js'
import { createMesh } from '@weft/mesh-client'
import { meshGrpc } from '@weft/mesh-client/grpc'
import { LISTEN, onTerminate } from '../bookinfo/http.ts'
import { DictionaryClient, type LookUpReply } from './gen/dictionary.ts'
import { type GreeterServer, GreeterService, type HelloReply, type HelloRequest } from './gen/greeter.ts'
import { hop, leftUntil } from './hop.ts'

const version = process.env.WEFT_VERSION ?? 'v1'
const mesh = createMesh({ service: 'greeter', version, dependencies: ['dictionary'] })
const grpc = meshGrpc(mesh)

// No deadline is passed on here: it follows the call that is served by itself.
const dictionary = new DictionaryClient('weft:///dictionary:50051', grpc.credentials(), grpc.channelOptions())

function lookUp(language: string): Promise<LookUpReply> {
  return new Promise((resolve, reject) => {
    dictionary.lookUp({ language }, (error, answer) => (error === null ? resolve(answer) : reject(error)))
  })
}

type Call = ServerUnaryCall<HelloRequest, HelloReply> | ServerWritableStream<HelloRequest, HelloReply>

async function greet(call: Call): Promise<HelloReply> {
  const ownHop = hop(`greeter ${version}`, leftUntil(call.getDeadline()))
  const { word, hops } = await lookUp(call.request.language)
  const text = `${word} ${call.request.name}${version === 'v1' ? '.' : '!'}`
  return { text, version, hops: [ownHop, ...hops], connection: call.getPeer() }
}

const greeter: GreeterServer = {
  sayHello(call, callback) {
    greet(call).then((reply) => callback(null, reply), callback)
  },
  async sayHellos(call) {
    try {
      for (let i = 0; i < call.request.times; i++) call.write(await greet(call))
      call.end()
    } catch (error) {
      call.emit('error', error)
    }
  },
  chat(call) {
    call.on('data', ({ name }) => {
      call.write({ text: `Hello ${name}`, version, hops: [], connection: call.getPeer() })
    })
    call.on('end', () => call.end())
  },
}

const server = new Server(grpc.serverOptions())
server.addService(GreeterService, greeter)
const { port } = await grpc.serve(server, { ...LISTEN, servicePort: 50051 })
console.log(`listening on http://${LISTEN.host}:${port}`)
onTerminate(() => mesh.close())
