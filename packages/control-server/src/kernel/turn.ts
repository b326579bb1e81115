/** Runs a callback after the input that is at hand has been taken in, so that what arrives together is handled together. */
export type Turn = (callback: () => void) => void

export const systemTurn: Turn = (callback) => {
  setImmediate(callback)
}
