import { authorizationSuite } from './served/authorization-suite.ts'
import { withGrpc } from './served/grpc-rows.ts'

authorizationSuite({
  suite: 'istio-authorization-served',
  title:
    'The rows of istio-authorization from end to end: policies applied to a control server, requests, calls of gRPC and connections sent over mutual TLS or in plaintext to processes that serve, those of gRPC by a server of grpc-js, tokens proven, providers asked.',
  heading: 'Requests to workloads with AuthorizationPolicies',
  sentAs: withGrpc,
})
