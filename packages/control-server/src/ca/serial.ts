import { randomBytes } from 'node:crypto'

/** Makes a serial that nothing else has, hex. */
export type MakeSerial = () => string

const OCTETS = 16

/** 126 random bits below 01, so that every one is positive and has 16 octets (RFC 5280 4.1.2.2). */
export const makeSerial: MakeSerial = () => {
  const octets = randomBytes(OCTETS)
  octets[0] = ((octets[0] as number) & 0x3f) | 0x40
  return octets.toString('hex')
}
