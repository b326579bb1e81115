import { type Logger, silentLogger } from '../../packages/control-server/src/kernel/logger.ts'

/** Silent, but an error that somebody logs is one of the test. */
export const strictLogger: Logger = {
  ...silentLogger,
  error(message, details) {
    throw new Error(`${message} ${JSON.stringify(details)}`)
  },
}
