import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

const ID_BYTES = 8

/** 256 bits from the system's generator: nothing that is guessed, so that one round of SHA-256 is enough to keep it by. */
const SECRET_BYTES = 32

export interface NewSecret {
  readonly id: string
  readonly secret: string
}

export function makeSecret(): NewSecret {
  return { id: randomBytes(ID_BYTES).toString('hex'), secret: randomBytes(SECRET_BYTES).toString('base64url') }
}

/** SHA-256, hex. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/** In a time that does not tell how much of it is right. */
export function isSecret(secret: string, hash: string): boolean {
  const given = createHash('sha256').update(secret).digest()
  const kept = Buffer.from(hash, 'hex')
  return kept.length === given.length && timingSafeEqual(given, kept)
}
