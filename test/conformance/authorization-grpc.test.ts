import { authorizationSuite } from './served/authorization-suite.ts'
import { asGrpc, reasonNotGrpc } from './served/grpc-rows.ts'

authorizationSuite({
  suite: 'istio-authorization-grpc',
  title:
    'The rows of istio-authorization as calls of gRPC: each request over HTTP is asked of a server of grpc-js that has its path as a method, by clients of grpc-js with and without a mesh; its method is POST, also in the policies.',
  heading: 'Calls of gRPC to workloads with AuthorizationPolicies',
  sentAs: asGrpc,
  reasonNot: reasonNotGrpc,
})
