const callAll = require('./call-all.cjs')

const client = require('@weft/mesh-client')
const server = require('@weft/control-server')
const entry = require('@weft/mesh-client/grpc')
callAll({ client, server, entry, grpc: async () => require('@grpc/grpc-js') }, process.argv[2])
