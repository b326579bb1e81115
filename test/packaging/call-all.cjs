const assert = require('node:assert')

/** A service of texts, as generated code would describe it. */
const text = { serialize: (value) => Buffer.from(value), deserialize: (bytes) => bytes.toString() }
const SERVICE = {
  echo: {
    path: '/weft.test.Echo/Echo',
    requestStream: false,
    responseStream: false,
    requestSerialize: text.serialize,
    requestDeserialize: text.deserialize,
    responseSerialize: text.serialize,
    responseDeserialize: text.deserialize,
  },
}

/** Calls over HTTP, and over gRPC unless that is to be refused with a text. */
module.exports = async function callAll({ client, server, entry, grpc }, refused) {
  const control = await server.startControlServer({ listen: '127.0.0.1:0', store: 'memory' })
  const options = { control: control.url, drainDelayMs: 0, localDirectory: false }
  const echo = client.createMesh({ ...options, service: 'echo' })
  await echo.serve((_request, response) => response.end('over HTTP'), { host: '127.0.0.1' })
  await echo.ready()
  const caller = client.createMesh({ ...options, service: 'caller' })
  try {
    const response = await caller.fetch('http://echo/')
    assert.strictEqual(await response.text(), 'over HTTP')
    if (refused === '') await callGrpc(await grpc(), entry, echo, caller)
    else {
      assert.throws(
        () => entry.meshGrpc(caller),
        (error) =>
          error.code === 'WEFT_CONFIG' && error.message.includes(refused) && error.message.includes('npm install'),
      )
    }
  } finally {
    await Promise.all([caller.close(), echo.close()])
    await control.close()
  }
}

async function callGrpc(grpc, { meshGrpc }, echo, caller) {
  const served = new grpc.Server(meshGrpc(echo).serverOptions())
  served.addService(SERVICE, { echo: (call, reply) => reply(null, `over gRPC: ${call.request}`) })
  await meshGrpc(echo).serve(served, { host: '127.0.0.1', servicePort: 50_051 })
  await echo.ready()
  const own = meshGrpc(caller)
  const Echo = grpc.makeGenericClientConstructor(SERVICE, 'weft.test.Echo')
  const target = 'weft:///echo:50051'
  const channelOverride = new grpc.Channel(target, own.credentials(), own.channelOptions())
  for (const options of [own.channelOptions(), { channelOverride }]) {
    const client = new Echo(target, own.credentials(), options)
    const metadata = new grpc.Metadata({ waitForReady: true })
    const answer = await new Promise((resolve, reject) => {
      const deadline = Date.now() + 10_000
      client.echo('hello', metadata, { deadline }, (error, value) => (error === null ? resolve(value) : reject(error)))
    })
    assert.strictEqual(answer, 'over gRPC: hello')
    client.close()
  }
}
