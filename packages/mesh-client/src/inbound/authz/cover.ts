import type { RbacCondition, ValueMatcher } from '@weft/mesh-protocol'
import { literalEnd, literalPrefix } from '../../kernel/regex-prefix.ts'
import {
  type AddressAttribute,
  addressLeaf,
  END_OF_PATH,
  END_OF_PRINCIPAL,
  ignoringCase,
  NAMESPACE,
  PATH,
  PORT,
  PRINCIPAL,
  SERVICE_ACCOUNT,
  segmentOf,
  type TextAttribute,
  textLeaf,
} from './attributes.ts'
import { compileRange, type Range } from './cidr-index.ts'
import { identityPattern } from './identity-patterns.ts'
import type { TextKey } from './text-index.ts'
import { compileUriTemplate } from './uri-template.ts'

/**
 * Keys of one attribute of which a request has at least one where a condition holds: what has none of them need not be looked
 * at.
 */
export type Cover =
  | { readonly attribute: TextAttribute; readonly keys: readonly TextKey[] }
  | { readonly attribute: AddressAttribute; readonly ranges: readonly Range[] }

/** By the key of the attribute. */
export type Covers = ReadonlyMap<string, Cover>

const NONE: Covers = new Map([])

/** Everything that a condition can be found by. */
export function coversOf(condition: RbacCondition): Covers {
  if ('and' in condition) return ofAll(condition.and.map(coversOf))
  if ('or' in condition) return ofAny(condition.or.map(coversOf))
  return leafCovers(condition)
}

export const sizeOf = (cover: Cover): number => ('keys' in cover ? cover.keys.length : cover.ranges.length)

/** Of one attribute the cover with fewer keys. */
function ofAll(parts: readonly Covers[]): Covers {
  const covers = new Map<string, Cover>()
  for (const part of parts) {
    for (const [key, cover] of part) {
      const known = covers.get(key)
      if (known === undefined || sizeOf(cover) < sizeOf(known)) covers.set(key, cover)
    }
  }
  return covers
}

/** What all of them can be found by. */
function ofAny([first, ...others]: readonly Covers[]): Covers {
  if (first === undefined) return NONE
  const covers = new Map<string, Cover>()
  for (const [key, cover] of first) {
    const all = [cover, ...others.map((other) => other.get(key))]
    if (all.every((each) => each !== undefined)) covers.set(key, union(all))
  }
  return covers
}

function union(covers: readonly Cover[]): Cover {
  const { attribute } = covers[0] as Cover
  const keys = covers.flatMap((cover) => ('keys' in cover ? cover.keys : []))
  const ranges = covers.flatMap((cover) => ('ranges' in cover ? cover.ranges : []))
  return 'ranges' in (covers[0] as Cover)
    ? { attribute: attribute as AddressAttribute, ranges }
    : { attribute: attribute as TextAttribute, keys }
}

function leafCovers(condition: RbacCondition): Covers {
  const address = addressLeaf(condition)
  if (address !== undefined) {
    const range = compileRange(address.range)
    return range === undefined ? NONE : single({ attribute: address.attribute, ranges: [range] })
  }
  if ('destinationPort' in condition) {
    return single({ attribute: PORT, keys: [{ kind: 'exact', text: String(condition.destinationPort) }] })
  }
  if ('uriTemplate' in condition) {
    return templateCovers(condition.uriTemplate)
  }
  const leaf = textLeaf(condition)
  return leaf === undefined ? NONE : textCovers(leaf.attribute, leaf.value)
}

/** By how it begins, how it ends, and each part that is literal up to the first `{**}`. */
function templateCovers(template: string): Covers {
  const compiled = compileUriTemplate(template)
  if (!compiled.ok) return NONE
  const covers = new Map([
    ...single({ attribute: PATH, keys: [{ kind: 'prefix', text: compiled.value.literalPrefix }] }),
  ])
  const end = template.slice(template.lastIndexOf('}') + 1)
  if (end !== '') covers.set(END_OF_PATH.key, { attribute: END_OF_PATH, keys: [{ kind: 'suffix', text: end }] })
  for (const [index, text] of template.slice(1).split('/').entries()) {
    if (text === '{**}') break
    if (text === '{*}') continue
    const attribute = segmentOf(index + 1)
    covers.set(attribute.key, { attribute, keys: [{ kind: 'exact', text }] })
  }
  return covers
}

const single = (cover: Cover): Covers => new Map([[cover.attribute.key, cover]])

function textCovers(attribute: TextAttribute, value: ValueMatcher): Covers {
  if ('present' in value) return NONE
  if ('regex' in value) return regexCovers(attribute, value.regex)
  const [kind, text] =
    'exact' in value
      ? (['exact', value.exact] as const)
      : 'prefix' in value
        ? (['prefix', value.prefix] as const)
        : (['suffix', value.suffix] as const)
  return value.ignoreCase === true
    ? single({ attribute: ignoringCase(attribute), keys: [{ kind, text: text.toLowerCase() }] })
    : single({ attribute, keys: [{ kind, text }] })
}

function regexCovers(attribute: TextAttribute, regex: string): Covers {
  const covers = new Map<string, Cover>([])
  const add = (by: TextAttribute, kind: TextKey['kind'], text: string): void => {
    if (text !== '') covers.set(by.key, { attribute: by, keys: [{ kind, text }] })
  }
  const isPrincipal = attribute === PRINCIPAL
  const identity = isPrincipal ? identityPattern(regex) : undefined
  if (identity !== undefined) {
    add(NAMESPACE, 'exact', identity.namespace)
    add(SERVICE_ACCOUNT, 'exact', identity.serviceAccount ?? '')
    return covers
  }
  add(attribute, 'prefix', literalPrefix(regex))
  if (isPrincipal) add(END_OF_PRINCIPAL, 'suffix', literalEnd(regex))
  return covers
}
