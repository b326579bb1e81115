// Speaks no HTTP: says back each line that it is sent, behind a greeting of its own, which is the script's argument. At two ports.
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { createMesh } from '@weft/mesh-client'
import { LISTEN, onTerminate } from '../bookinfo/http.ts'

const [greeting = 'hello'] = process.argv.slice(2)
const mesh = createMesh({ service: 'tcp-echo', servicePort: 9000 })

function echo(socket: Socket): void {
  socket.on('error', () => undefined)
  const lines = createInterface({ input: socket })
  lines.on('line', (line) => socket.write(`${greeting} ${line}\n`))
  // A caller that says nothing more may still be listening: it is for this side to end the connection.
  lines.on('close', () => socket.end())
}

await mesh.serve(echo, { host: LISTEN.host, servicePort: 9001, protocol: 'tcp' })
const server = await mesh.serve(echo, { ...LISTEN, protocol: 'tcp' })
console.log(`listening on ${server.url}`)
onTerminate(() => mesh.close())
