/** Paths of fields as Kubernetes writes them: `spec.http[0].match[0].headers[x-user].exact`. */

export function child(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

export function item(path: string, index: number): string {
  return `${path}[${index}]`
}

/** An entry of a map whose keys are data, not fields. */
export function entry(path: string, key: string): string {
  return `${path}[${key}]`
}
