import * as server from '@weft/control-server'
import * as client from '@weft/mesh-client'
import * as entry from '@weft/mesh-client/grpc'
import callAll from './call-all.cjs'

const grpc = () => import('@grpc/grpc-js')
await callAll({ client, server, entry, grpc }, process.argv[2])
