export { ERROR_CODES, MeshError, type MeshErrorCode, type ResponseFlag } from './kernel/errors.ts'
export type { Logger } from './kernel/logger.ts'
