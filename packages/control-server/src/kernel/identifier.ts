/** Makes a name that nothing else has. */
export type MakeId = () => string

export const makeUuid: MakeId = () => globalThis.crypto.randomUUID()
