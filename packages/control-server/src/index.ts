export type { Logger } from './kernel/logger.ts'
export { type ControlServerOptions, OptionsError } from './options.ts'
export { type ControlServer, startControlServer } from './server.ts'
export { StoreError, type StoreErrorCode } from './store/store-error.ts'
