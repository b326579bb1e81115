import { DEFAULT_CONTROL_URL } from './defaults.ts'
import { isControlUrl, isText, parseList } from './rules.ts'
import type { Given, Settings } from './settings.ts'
import type { MeshOptions, ResolvedOptions } from './types.ts'

/** Where the control server is. */
export function controlUrls(settings: Settings, options: MeshOptions): readonly string[] {
  const coded = typeof options.control === 'string' ? [options.control] : options.control
  const urls = settings.take<readonly string[]>({
    name: 'control',
    coded,
    variables: ['WEFT_CONTROL'],
    parse: parseList,
    fallback: [DEFAULT_CONTROL_URL],
    valid: (value) => Array.isArray(value) && value.length > 0 && value.every(isControlUrl),
    accepts:
      'an http: or https: URL or a list of them, without credentials, query or fragment, e.g. http://127.0.0.1:15800',
  }).value
  return urls.map((url) => new URL(url).href.replace(/\/+$/, ''))
}

/** How this process proves itself to the control server. */
export function credentials(settings: Settings, options: MeshOptions): Pick<ResolvedOptions, 'token' | 'tokenFile'> {
  const token = settings.take<string | undefined>({
    name: 'token',
    coded: options.token,
    variables: ['WEFT_TOKEN'],
    parse: (value) => value.trim(),
    fallback: undefined,
    secret: true,
    valid: (value) => typeof value === 'string' && /^[\x21-\x7e]+$/.test(value),
    accepts: 'printable ASCII without blanks',
  })
  const tokenFile = file(settings, 'tokenFile', options.tokenFile, 'WEFT_TOKEN_FILE')
  return oneOfBoth(settings, { name: 'token', ...token }, { name: 'tokenFile', ...tokenFile })
}

/** How the control server proves itself to this process. */
export function pin(
  settings: Settings,
  options: MeshOptions,
  control: readonly string[],
): Pick<ResolvedOptions, 'caFile' | 'caFingerprint'> {
  const caFile = file(settings, 'caFile', options.caFile, 'WEFT_CA_FILE')
  const caFingerprint = settings.take<string | undefined>({
    name: 'caFingerprint',
    coded: options.caFingerprint,
    variables: ['WEFT_CA_FINGERPRINT'],
    parse: (value) => value.trim(),
    fallback: undefined,
    valid: (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(plainHex(value)),
    accepts: 'the SHA-256 of a certificate: 64 hexadecimal digits, colons allowed',
  })
  const pinned = oneOfBoth(settings, { name: 'caFile', ...caFile }, { name: 'caFingerprint', ...caFingerprint })
  const plain = control.find((url) => !url.startsWith('https:'))
  for (const { name, from, value } of [
    { name: 'caFile', ...caFile },
    { name: 'caFingerprint', ...caFingerprint },
  ] as const) {
    if (plain === undefined || pinned[name] === undefined) continue
    settings.reject({ name, from, value, accepts: `left out where the control server is not https: (${plain})` })
  }
  const hex = pinned.caFingerprint
  return { caFile: pinned.caFile, caFingerprint: hex === undefined ? undefined : plainHex(hex) }
}

function plainHex(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase()
}

function file(
  settings: Settings,
  name: string,
  coded: string | undefined,
  variable: string,
): Given<string | undefined> {
  return settings.take<string | undefined>({
    name,
    coded,
    variables: [variable],
    parse: (value) => value,
    fallback: undefined,
    valid: isText,
    accepts: 'the path of a file',
  })
}

interface Named<N extends string> extends Given<string | undefined> {
  readonly name: N
}

/** Of two that exclude each other, the one in code; both in one place are refused. */
function oneOfBoth<A extends string, B extends string>(
  settings: Settings,
  first: Named<A>,
  second: Named<B>,
): Record<A | B, string | undefined> {
  const isCoded = ({ from, name }: Given<unknown> & { readonly name: string }): boolean => from === `option ${name}`
  const both = first.value !== undefined && second.value !== undefined
  if (both && isCoded(first) === isCoded(second)) {
    settings.reject({ ...second, accepts: `left out where ${first.from} is given` })
  }
  const taken = both && isCoded(second) && !isCoded(first) ? second : first.value === undefined ? second : first
  return { [first.name]: undefined, [second.name]: undefined, [taken.name]: taken.value } as Record<
    A | B,
    string | undefined
  >
}
