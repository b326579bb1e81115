import { fields, listOf, oneOf, text, textList, textUpTo } from './common.ts'
import type { JsonSchema } from './json-schema.ts'
import { SELECTION } from './selection.ts'

const accounts = listOf(textUpTo(320), { maxItems: 16 })

/** Each field with its negation. */
function withNegations(values: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const pairs = Object.entries(values).flatMap(([name, schema]) => [
    [name, schema],
    [`not${name.charAt(0).toUpperCase()}${name.slice(1)}`, schema],
  ])
  return fields({}, Object.fromEntries(pairs))
}

const source = withNegations({
  principals: textList,
  requestPrincipals: textList,
  namespaces: textList,
  serviceAccounts: accounts,
  trustDomains: textList,
  ipBlocks: textList,
  remoteIpBlocks: textList,
})

const operation = withNegations({ hosts: textList, ports: textList, methods: textList, paths: textList })

const rule = fields(
  {},
  {
    from: listOf(fields({ source }), { maxItems: 512 }),
    to: listOf(fields({ operation })),
    when: listOf(fields({ key: text }, { values: textList, notValues: textList })),
  },
)

/** `istio.security.v1.AuthorizationPolicy`, every field. */
export const AUTHORIZATION_POLICY_SPEC: JsonSchema = fields(
  {},
  {
    ...SELECTION,
    rules: listOf(rule, { maxItems: 512 }),
    action: oneOf('ALLOW', 'DENY', 'AUDIT', 'CUSTOM'),
    provider: fields({}, { name: text }),
  },
)
