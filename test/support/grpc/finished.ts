import * as grpc from '@grpc/grpc-js'
import { createMesh } from '@weft/mesh-client'
import { meshGrpc } from '@weft/mesh-client/grpc'
import { GreeterClient } from './gen/greeter.ts'

/*
 * A script that makes one call of gRPC over the channel that its argument names, and is then done: it closes nothing. It prints how long
 * the process has gone on afterwards.
 */
const mesh = createMesh()
const own = meshGrpc(mesh)
const { TARGET = '', OUTSIDE = '' } = process.env

const CHANNELS: Record<string, () => grpc.Channel> = {
  direct: () => own.channel(TARGET),
  bridged: () => new grpc.Channel(TARGET, own.credentials(), own.channelOptions()),
  outside: () => own.channel(OUTSIDE),
}

const channel = CHANNELS[process.argv[2] ?? '']?.()
if (channel === undefined) throw new Error(`no such channel: ${process.argv[2]}`)
const client = new GreeterClient(TARGET, own.credentials(), { channelOverride: channel })
const metadata = new grpc.Metadata({ waitForReady: process.argv[3] === 'wait' })
const options = process.argv[3] === 'wait' ? { deadline: Date.now() + 300 } : {}
client.hello({ name: 'ann' }, metadata, options, (error, reply) => {
  console.log('came to', error === null ? reply.text : `${error.code}`)
  const done = performance.now()
  process.once('exit', () => console.log('went on for', Math.round(performance.now() - done)))
})
