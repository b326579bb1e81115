'use strict'

// gRPC is an optional peer: an import that is missing fails before anybody can say what to do, a call of require does not.
// It stands in a file of CommonJS, with names that are written out, so that bundlers find what it asks for.

const asked = (ask) => {
  try {
    return { value: ask() }
  } catch (error) {
    return { error }
  }
}

const loaded = asked(() => require('@grpc/grpc-js'))
const version = asked(() => require('@grpc/grpc-js/package.json').version)

exports.grpc = loaded.value
exports.error = loaded.error
exports.version = version.value
