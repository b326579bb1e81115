/** Whether a body is a FormData, of whatever copy of undici: by its shape. */
export function isFormData(body: object): boolean {
  return Symbol.toStringTag in body && body[Symbol.toStringTag] === 'FormData'
}
